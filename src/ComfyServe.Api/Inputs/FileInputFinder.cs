using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Workflows;

namespace ComfyServe.Api.Inputs;

/// <summary>
/// Finds the inputs of a workflow that hold a URL, a data URI or base64 where a file belongs. The node catalogue says which inputs name files;
/// without one, inputs of loader-like nodes do. Prompts, titles and other text are never looked at.
/// </summary>
internal static class FileInputFinder
{
    /// <summary>The inputs, in the order in which they stand.</summary>
    /// <param name="workflow">Valid JSON of a workflow.</param>
    /// <param name="catalogue">The engine's nodes, where known.</param>
    public static List<FileInput> Find(ReadOnlyMemory<byte> workflow, NodeCatalogue? catalogue)
    {
        var found = new List<FileInput>();
        foreach (var input in WorkflowInputs.Read(workflow))
        {
            if (input.Text is { } text && InputValue.Of(text) is var kind and not InputValue.Kind.Name && Holds(input, catalogue, out var needsFolder))
            {
                found.Add(new(input.NodeId, input.NodeType, input.Name, text, kind, input.Start, input.End, needsFolder));
            }
        }

        return found;
    }

    /// <summary>Whether an input may hold a file instead of naming one.</summary>
    public static bool Holds(WorkflowInput input, NodeCatalogue? catalogue, out bool needsFolder)
    {
        var known = catalogue?.Find(input.NodeType);
        var spec = known?.Find(input.Name);
        needsFolder = spec is { IsFile: true, NeedsFolder: true };
        return spec?.IsFile ?? (known is null && LoaderInputs.HoldsFile(input.NodeType, input.Name));
    }
}
