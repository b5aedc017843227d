using System.Text.Json;

namespace ComfyServe.Contracts.Api;

/// <summary>A webhook to call after a job completed, failed or was cancelled.</summary>
public sealed record WebhookTarget
{
    /// <summary>Absolute http or https URL on the public internet, unless the service allows others; anything else is refused. Blank means the service's own webhook, if any.</summary>
    public string Url { get; init; } = "";

    /// <summary>Sent back to the receiver as <c>extra</c>.</summary>
    public JsonElement? ExtraParams { get; init; }

    /// <summary>Seconds that one delivery may take, 1 … 60. Default 30.</summary>
    public int Timeout { get; init; } = 30;

    /// <summary>Signs the deliveries of this request; blank means the service's own secret. Never logged, echoed or stored in clear.</summary>
    public string Secret { get; init; } = "";

    /// <summary>What to tell: any of <see cref="WebhookEvents"/>; absent means what the service is set to, which is the end alone.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>Hides the URL (it often carries a token) and the secret.</summary>
    public override string ToString() => "WebhookTarget";
}
