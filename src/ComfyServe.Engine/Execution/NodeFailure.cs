using System.Reflection;
using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>Why a run ended early.</summary>
/// <param name="NodeId">The node of the prompt that is named.</param>
/// <param name="Exception">What it threw; null where <paramref name="Type"/> and <paramref name="Message"/> say it.</param>
/// <param name="Type">The dotted name of the exception's class.</param>
/// <param name="Message">The text with its tip.</param>
/// <param name="Traceback">Where it happened.</param>
/// <param name="Inputs">The node's inputs by name, each a list of values.</param>
internal sealed record NodeFailure(
    string NodeId, Exception? Exception, string Type, string Message, IReadOnlyList<string> Traceback, JsonNode Inputs)
{
    /// <summary>The user stopped the run.</summary>
    public bool IsInterrupt { get; init; }

    /// <summary>Memory ran out.</summary>
    public bool IsMemoryExhausted => Exception is not null && MemoryExhaustion.Is(Exception);

    /// <summary>A node threw.</summary>
    public static NodeFailure Of(string nodeId, Exception exception, NodeInputs? inputs)
    {
        // Thrown by a constructor.
        exception = exception is TargetInvocationException { InnerException: { } cause } ? cause : exception;
        var tip = MemoryExhaustion.Is(exception) ? MemoryExhaustion.Tip : "";
        return new NodeFailure(
            nodeId,
            exception,
            ExceptionNames.TypeOf(exception),
            $"{ValueText.Cut(ExceptionNames.MessageOf(exception))}\n{tip}",
            ExceptionNames.TracebackOf(exception),
            inputs?.ToJson() ?? []);
    }

    /// <summary>The user stopped the run while a node was staged.</summary>
    public static NodeFailure Interrupt(string nodeId) => new(nodeId, null, "", "", [], new JsonObject()) { IsInterrupt = true };

    /// <summary>The run took too long.</summary>
    public static NodeFailure Overdue(string nodeId, string reason) => new(nodeId, null, "TimeoutError", reason, [], new JsonObject());

    /// <summary>Nodes wait for each other.</summary>
    public static NodeFailure Cycle(string nodeId) =>
        new(nodeId, null, "graph.DependencyCycleError", "Dependency cycle detected", [], new JsonArray());
}
