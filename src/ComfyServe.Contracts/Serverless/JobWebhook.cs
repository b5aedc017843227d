using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Where a job's end is told.</summary>
public sealed record JobWebhook
{
    /// <summary>An http or https URL on the public internet; the job as <c>GET …/jobs/{id}</c> shows it is posted there.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary>Signs the call as Standard Webhooks do (<c>webhook-signature</c>), if given.</summary>
    [JsonPropertyName("secret")]
    public string? Secret { get; init; }
}
