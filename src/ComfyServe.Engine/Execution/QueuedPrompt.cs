using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>One entry of the queue: <c>[number, prompt_id, prompt, extra_data, outputs_to_execute]</c>.</summary>
/// <param name="Number">Its place: the smallest runs first.</param>
/// <param name="PromptId">The prompt's id.</param>
/// <param name="Prompt">The workflow, with the literals that validation converted.</param>
/// <param name="ExtraData">What the caller sent along: <c>client_id</c>, <c>extra_pnginfo</c>…</param>
/// <param name="OutputsToExecute">Ids of the output nodes that validation found good.</param>
internal sealed record QueuedPrompt(
    double Number, string PromptId, JsonObject Prompt, JsonObject ExtraData, IReadOnlyList<string> OutputsToExecute)
{
    /// <summary>The client that the run reports to; null where none was named.</summary>
    public string? ClientId { get; } =
        ExtraData["client_id"] is JsonValue value && value.TryGetValue(out string? id) ? id : null;
}
