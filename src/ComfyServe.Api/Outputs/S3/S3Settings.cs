using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Outputs.S3;

/// <summary>An object store that is known completely.</summary>
/// <param name="AccessKeyId">Access key id.</param>
/// <param name="SecretAccessKey">Secret access key.</param>
/// <param name="Endpoint">Base URL; blank means AWS.</param>
/// <param name="Bucket">Bucket.</param>
/// <param name="Region">Region to sign for.</param>
/// <param name="ConnectTimeout">Seconds to wait for a connection.</param>
/// <param name="Attempts">How often an upload is tried.</param>
/// <param name="IsCallers">Whether a caller chose the endpoint: then it must be on the public internet.</param>
internal sealed record S3Settings(
    string AccessKeyId, string SecretAccessKey, string Endpoint, string Bucket, string Region, int ConnectTimeout, int Attempts, bool IsCallers)
{
    /// <summary>Merges a request's store with the service's, field by field; null when that makes no store.</summary>
    public static S3Settings? Merge(S3Target? asked, S3Target own)
    {
        var target = asked ?? own;
        var endpoint = Or(target.EndpointUrl, own.EndpointUrl).TrimEnd('/');
        var key = Or(target.AccessKeyId, own.AccessKeyId);
        var secret = Or(target.SecretAccessKey, own.SecretAccessKey);
        var bucket = Or(target.BucketName, own.BucketName);
        if (key.Length == 0 || secret.Length == 0 || bucket.Length == 0)
        {
            return null;
        }

        var region = Or(target.Region, endpoint == own.EndpointUrl.TrimEnd('/') ? own.Region : "");
        return new(key, secret, endpoint, bucket, Or(region, endpoint.Length == 0 ? "us-east-1" : "auto"), target.ConnectTimeout, target.ConnectAttempts, endpoint != own.EndpointUrl.TrimEnd('/'));
    }

    /// <summary>Hides the secrets.</summary>
    public override string ToString() => $"S3Settings {{ Bucket = {Bucket}, Region = {Region} }}";

    private static string Or(string text, string otherwise) => text.Length > 0 ? text : otherwise;
}
