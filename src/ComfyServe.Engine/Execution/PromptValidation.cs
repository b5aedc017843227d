using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>What validation found.</summary>
/// <param name="Error">Why the prompt cannot run, <c>{type, message, details, extra_info}</c>; null where it can.</param>
/// <param name="NodeErrors">For each node with mistakes, <c>{errors, dependent_outputs, class_type}</c>. Not empty too
/// where some outputs are good and others are not.</param>
/// <param name="OutputsToExecute">Ids of the output nodes that can run.</param>
internal sealed record PromptValidation(JsonObject? Error, JsonObject NodeErrors, IReadOnlyList<string> OutputsToExecute)
{
    /// <summary>Mistakes that were found and are not told: <c>node_errors</c> is bounded.</summary>
    public int ErrorsLeftOut { get; init; }

    /// <summary>Number of nodes, links and errors that were looked at, for tests.</summary>
    public long Visits { get; init; }

    /// <summary>Whether something of the prompt can run.</summary>
    public bool IsValid => Error is null;
}
