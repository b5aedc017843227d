using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Where a job's end is told.</summary>
public sealed record JobWebhook
{
    /// <summary>An http or https URL on the public internet, unless the gateway allows others; the job as <c>GET …/jobs/{id}</c> shows it is posted there.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary>Signs the call as Standard Webhooks do (<c>webhook-signature</c>), if given; one that begins with <c>whsec_</c> is base64.</summary>
    [JsonPropertyName("secret")]
    public string? Secret { get; init; }

    /// <summary>Seconds that the receiver has to answer, 1 … 60. Default 30.</summary>
    [JsonPropertyName("timeout")]
    public int? Timeout { get; init; }
}
