namespace ComfyServe.Gateway.Jobs;

/// <summary>How a try of a request ended.</summary>
internal enum VerdictKind
{
    /// <summary>It completed.</summary>
    Completed,

    /// <summary>The workflow failed or was refused: it would fail again.</summary>
    Failed,

    /// <summary>The worker or what is behind it failed: another try may succeed.</summary>
    Retry,
}
