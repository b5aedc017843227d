using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Engines;

/// <summary>How one run on one engine ended.</summary>
internal sealed record RunOutcome
{
    /// <summary>Why it failed; null when it ended well.</summary>
    public JobError? Error { get; init; }

    /// <summary>The engine's record, where there is one.</summary>
    public HistoryEntry? History { get; init; }

    /// <summary>What the socket told.</summary>
    public EngineRun? Run { get; init; }

    /// <summary>Nodes that the engine left out as invalid although the rest ran.</summary>
    public JsonElement NodeErrors { get; init; }

    /// <summary>Whether nodes showed something before the end.</summary>
    public bool HasOutputs => Run is { Shown.Count: > 0 } || History?.Outputs is { ValueKind: JsonValueKind.Object } outputs && outputs.GetPropertyCount() > 0;

    /// <summary>Whether the run may be tried again without doing anything twice that the caller sees.</summary>
    public bool Repeatable { get; init; }

    /// <summary>A run that failed.</summary>
    public static RunOutcome Failed(JobErrorCode code, string message, bool repeatable = false, EngineRun? run = null) => new()
    {
        Error = new() { Code = code, Message = message, Retryable = repeatable },
        Repeatable = repeatable,
        Run = run,
    };
}
