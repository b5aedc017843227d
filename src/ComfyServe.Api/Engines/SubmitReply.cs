using System.Text.Json;

namespace ComfyServe.Api.Engines;

/// <summary>An engine's answer to a workflow.</summary>
internal sealed record SubmitReply
{
    /// <summary>Id under which the engine queued it; null when it refused.</summary>
    public string? PromptId { get; init; }

    /// <summary>Why it refused.</summary>
    public WorkflowRefusal? Refusal { get; init; }

    /// <summary>Nodes that will not run although the rest does; an empty object mostly.</summary>
    public JsonElement NodeErrors { get; init; }
}
