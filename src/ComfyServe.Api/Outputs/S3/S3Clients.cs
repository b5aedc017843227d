using System.Collections.Concurrent;
using Amazon.Runtime;
using Amazon.S3;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Api.Outputs.S3;

/// <summary>Makes stores, and keeps those that are used again.</summary>
internal sealed class S3Clients(AddressPolicy policy, GuardedHandler.Resolve resolve, TimeProvider time) : IDisposable
{
    private const int MaxKept = 64;

    private readonly ConcurrentDictionary<S3Settings, S3ObjectStore> _stores = new();

    /// <summary>The store of these settings.</summary>
    /// <exception cref="ObjectStoreException">The endpoint is not a URL.</exception>
    public S3ObjectStore For(S3Settings settings)
    {
        if (_stores.Count >= MaxKept)
        {
            _stores.Clear(); // Uploads under way keep theirs; idle connections close by themselves.
        }

        return _stores.GetOrAdd(settings, Create);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var store in _stores.Values)
        {
            store.Dispose();
        }
    }

    private S3ObjectStore Create(S3Settings settings)
    {
        var config = new AmazonS3Config
        {
            AuthenticationRegion = settings.Region,
            MaxErrorRetry = Math.Max(0, settings.Attempts - 1),
            Timeout = TimeSpan.FromMinutes(10),
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new Factory(settings.IsCallers ? policy : new AddressPolicy(["*"]), TimeSpan.FromSeconds(settings.ConnectTimeout), resolve),
        };
        if (settings.Endpoint.Length == 0)
        {
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(settings.Region);
        }
        else if (Uri.TryCreate(settings.Endpoint, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https")
        {
            config.ServiceURL = settings.Endpoint;
            config.ForcePathStyle = true;
        }
        else
        {
            throw new ObjectStoreException($"Invalid endpoint: {settings.Endpoint}");
        }

        return new(settings, new AmazonS3Client(new BasicAWSCredentials(settings.AccessKeyId, settings.SecretAccessKey), config), time);
    }

    private sealed class Factory(AddressPolicy policy, TimeSpan connect, GuardedHandler.Resolve resolve) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(GuardedHandler.Create(policy, connect, resolve)) { Timeout = Timeout.InfiniteTimeSpan };

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
