using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Webhooks;

/// <summary>Webhooks that this service calls.</summary>
public sealed class WebhookOptions
{
    /// <summary>URL called about requests that name none of their own; null for none. It may be on a private network: the operator chose it.</summary>
    public string? Url { get; set; }

    /// <summary>Signs deliveries of requests that bring no secret of their own; blank leaves them unsigned.</summary>
    public string Secret { get; set; } = "";

    /// <summary>A second secret that signs as well, while receivers change from one to the other; blank for none.</summary>
    public string OtherSecret { get; set; } = "";

    /// <summary>What is told of requests that do not choose; see <see cref="WebhookEvents"/>. Default the end alone.</summary>
    public IReadOnlyList<string> Events { get; set; } = [WebhookEvents.Completed];

    /// <summary>Least time between two <c>progress</c> events of a request. Default 0.5 s.</summary>
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long one delivery may take, unless the request says otherwise, at most 60 s. Default 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a delivery is tried. Default 24 h.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Pause after the first failed try; it grows with each one. Default 5 s.</summary>
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest pause between tries. Default 1 h.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromHours(1);
}
