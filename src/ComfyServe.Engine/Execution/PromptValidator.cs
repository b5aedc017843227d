using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>Checks a prompt before it is queued, with ComfyUI's rules and error bodies.</summary>
internal sealed class PromptValidator(NodeCatalogue catalogue, EngineFolders folders)
{
    /// <summary>Checks a prompt; converts its literals in place.</summary>
    public PromptValidation Validate(JsonObject prompt, IReadOnlyList<string>? partialTargets) =>
        throw new NotSupportedException($"validation against {catalogue.Nodes.Count} nodes of '{folders.Root}' follows with the next commit");
}
