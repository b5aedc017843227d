using ComfyServe.Api.Jobs;
using ComfyServe.Api.Outputs.S3;

namespace ComfyServe.Api.Outputs;

/// <summary>Chooses the store of a request: its own, the service's, or the embedded one.</summary>
internal sealed class ObjectStores(ApiOptions options, LocalObjectStore local, S3Clients clients)
{
    /// <summary>The store of a request.</summary>
    /// <exception cref="ObjectStoreException">Its endpoint is not a URL.</exception>
    public IObjectStore For(JobRequest request) => S3Settings.Merge(request.S3, options.S3) is { } settings
        ? clients.For(settings)
        : local.For(request.PublicUrl);

    /// <summary>The embedded store, as the request's caller reaches it.</summary>
    public IObjectStore Embedded(JobRequest request) => local.For(request.PublicUrl);
}
