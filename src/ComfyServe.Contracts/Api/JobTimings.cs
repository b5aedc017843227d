namespace ComfyServe.Contracts.Api;

/// <summary>Milliseconds by stage; only what was reached is present.</summary>
public sealed record JobTimings
{
    /// <summary>When the request was accepted, milliseconds since 1970.</summary>
    public long? QueuedAtMs { get; init; }

    /// <summary>Substitution and fetching of inputs.</summary>
    public long? PreprocessMs { get; init; }

    /// <summary>From an engine's pick-up until its history was read.</summary>
    public long? GenerationMs { get; init; }

    /// <summary>Storing the outputs.</summary>
    public long? PostprocessMs { get; init; }

    /// <summary>When the job reached its terminal state, milliseconds since 1970.</summary>
    public long? CompletedAtMs { get; init; }

    /// <summary>From acceptance until the terminal state.</summary>
    public long? TotalMs { get; init; }

    /// <summary>Waiting for a free engine.</summary>
    public long? QueueMs { get; init; }

    /// <summary>Execution by the engine's own clock.</summary>
    public long? ExecutionMs { get; init; }
}
