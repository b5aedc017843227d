using System.Text.Json;

namespace ComfyServe.Api.Requests;

/// <summary>Checks that a graph has the form of a workflow: node id → <c>{class_type, inputs}</c>.</summary>
internal static class WorkflowShape
{
    private const int MaxProblems = 50;

    /// <summary>Adds every mistake to <paramref name="problems"/>.</summary>
    public static void Check(JsonElement workflow, List<ValidationProblem> problems)
    {
        foreach (var node in workflow.EnumerateObject())
        {
            if (problems.Count >= MaxProblems)
            {
                return;
            }

            CheckNode(node, problems);
        }
    }

    private static void CheckNode(JsonProperty node, List<ValidationProblem> problems)
    {
        object[] location = ["body", "input", "workflow_json", node.Name];
        if (node.Value.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new("dict_type", location, "A node should be an object with 'class_type' and 'inputs'"));
            return;
        }

        if (!node.Value.TryGetProperty("class_type", out var type))
        {
            problems.Add(new("missing", [.. location, "class_type"], "Field required"));
        }
        else if (type.ValueKind != JsonValueKind.String)
        {
            problems.Add(new("string_type", [.. location, "class_type"], "Input should be a valid string"));
        }

        if (node.Value.TryGetProperty("inputs", out var inputs) && inputs.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new("dict_type", [.. location, "inputs"], "Input should be a valid dictionary"));
        }
    }
}
