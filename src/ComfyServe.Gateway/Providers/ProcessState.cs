namespace ComfyServe.Gateway.Providers;

/// <summary>What is kept of a worker's process, in its folder.</summary>
internal sealed record ProcessState
{
    /// <summary>Its workergroup.</summary>
    public required long GroupId { get; init; }

    /// <summary>The slot that it runs, or last ran, in.</summary>
    public required int Slot { get; init; }

    /// <summary>The process, or null when it was stopped.</summary>
    public ChildProcess? Process { get; init; }
}
