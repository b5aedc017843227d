namespace ComfyServe.Contracts.Api;

/// <summary>The events that webhooks tell about.</summary>
public static class WebhookEvents
{
    /// <summary>An engine began to execute the workflow. Told once at most, and not again when it could not be delivered.</summary>
    public const string Start = "start";

    /// <summary>A node or a step. At most one each while, the newest alone, and not again when it could not be delivered.</summary>
    public const string Progress = "progress";

    /// <summary>The job completed, failed or was cancelled. Delivered at least once.</summary>
    public const string Completed = "completed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Start, Progress, Completed];
}
