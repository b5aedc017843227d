using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>What ComfyUI's validation trips over: an exception there, a value here.</summary>
/// <param name="Type">The dotted name of the exception's class.</param>
/// <param name="Message">The exception's text.</param>
/// <param name="Traceback">Where it happened.</param>
internal sealed record ValidationFault(string Type, string Message, IReadOnlyList<string> Traceback)
{
    /// <summary>A node or key that does not exist.</summary>
    public static ValidationFault Key(JsonNode? key) => new("KeyError", PythonText.Quote(key), []);

    /// <summary>An output that the linked node has not.</summary>
    public static ValidationFault Slot() => new("IndexError", "tuple index out of range", []);

    /// <summary>A value of a type that makes no sense there.</summary>
    public static ValidationFault WrongType(string message) => new("TypeError", message, []);

    /// <summary>A failure of a node's own code.</summary>
    public static ValidationFault Of(Exception exception) =>
        new(ExceptionNames.TypeOf(exception), ExceptionNames.MessageOf(exception), ExceptionNames.TracebackOf(exception));

    /// <summary>The traceback as a list of texts.</summary>
    public JsonArray TracebackJson() => new([.. Traceback.Select(line => JsonValue.Create(line))]);
}
