namespace ComfyServe.Contracts.Api;

/// <summary>An S3-compatible object store. Blank fields are taken from the service's configuration.</summary>
public sealed record S3Target
{
    /// <summary>Access key id.</summary>
    public string AccessKeyId { get; init; } = "";

    /// <summary>Secret access key. Never logged, echoed or stored in clear.</summary>
    public string SecretAccessKey { get; init; } = "";

    /// <summary>Base URL of the store; blank means AWS.</summary>
    public string EndpointUrl { get; init; } = "";

    /// <summary>Bucket that must exist.</summary>
    public string BucketName { get; init; } = "";

    /// <summary>Region to sign for; blank means <c>us-east-1</c> on AWS and <c>auto</c> elsewhere.</summary>
    public string Region { get; init; } = "";

    /// <summary>Seconds to wait for a connection. Default 60.</summary>
    public int ConnectTimeout { get; init; } = 60;

    /// <summary>How often an upload is tried. Default 3.</summary>
    public int ConnectAttempts { get; init; } = 3;

    /// <summary>Hides the secrets.</summary>
    public override string ToString() => $"S3Target {{ BucketName = {BucketName}, Region = {Region} }}";
}
