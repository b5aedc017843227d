using System.Text.Json;

namespace ComfyServe.Workflows.Formats;

/// <summary>The two forms that workflows have.</summary>
public enum WorkflowFormat
{
    /// <summary>Neither: something else, or something around a workflow.</summary>
    None,

    /// <summary>What engines run: node id → <c>{class_type, inputs}</c>.</summary>
    Api,

    /// <summary>What the editor saves: nodes with places and widgets.</summary>
    Editor,
}

/// <summary>Tells which form a workflow has. This is the one place that knows.</summary>
public static class WorkflowFormats
{
    /// <summary>The form of a value. An empty object is none.</summary>
    public static WorkflowFormat Of(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return WorkflowFormat.None;
        }

        if (value.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array)
        {
            return WorkflowFormat.Editor;
        }

        foreach (var node in value.EnumerateObject())
        {
            if (node.Value.ValueKind == JsonValueKind.Object && node.Value.TryGetProperty("class_type", out _))
            {
                return WorkflowFormat.Api;
            }
        }

        return WorkflowFormat.None;
    }
}
