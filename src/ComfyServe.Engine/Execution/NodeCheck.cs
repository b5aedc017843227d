using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>The validation of one node, under way or done.</summary>
internal sealed class NodeCheck(string id, NodeDescriptor node, JsonNode? inputs, ErrorBudget budget)
{
    /// <summary>The node's id.</summary>
    public string Id { get; } = id;

    /// <summary>The node's class.</summary>
    public NodeDescriptor Node { get; } = node;

    /// <summary>The node's <c>inputs</c>, whatever they are.</summary>
    public JsonNode? Inputs { get; } = inputs;

    /// <summary>The mistakes of the node itself, as far as they are written down.</summary>
    public List<JsonObject> Errors { get; } = [];

    /// <summary>Neither the node nor an ancestor has a mistake.</summary>
    public bool IsValid { get; set; } = true;

    /// <summary>Why the check ended early; null where it did not.</summary>
    public ValidationFault? Fault { get; set; }

    /// <summary>The rest of the check: yields the linked nodes that must be checked first.</summary>
    public IEnumerator<LinkedInput>? Steps { get; set; }

    /// <summary>Adds a mistake.</summary>
    /// <param name="error">Writes it down; not called where enough are written down already.</param>
    public void Add(Func<JsonObject> error)
    {
        IsValid = false;
        if (budget.TryTake())
        {
            Errors.Add(error());
        }
    }

    /// <summary>Replaces all mistakes of the node by one.</summary>
    public void Replace(Func<JsonObject> error)
    {
        budget.GiveBack(Errors.Count);
        Errors.Clear();
        Add(error);
    }
}
