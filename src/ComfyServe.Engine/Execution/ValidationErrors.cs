using System.Text.Json.Nodes;
using ComfyServe.Workflows;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>The error bodies of a refused prompt: ComfyUI's types, messages and fields.</summary>
internal static class ValidationErrors
{
    /// <summary>A list with more choices than this is not repeated in an error.</summary>
    private const int LongList = 20;

    /// <summary>A value that is longer is not repeated whole: it may be a file.</summary>
    private const int LongestValue = 200;

    public static JsonObject MissingClass(string nodeId) =>
        Error("invalid_prompt", "Cannot execute because a node is missing the class_type property.", $"Node ID '#{nodeId}'");

    public static JsonObject UnknownClass(string nodeId, string className) =>
        Error("invalid_prompt", $"Cannot execute because node {Brief(className)} does not exist.", $"Node ID '#{nodeId}'");

    public static JsonObject NoOutputs() => Error("prompt_no_outputs", "Prompt has no outputs", "");

    public static JsonObject OutputsFailed(IEnumerable<JsonObject> errorsOfOutputs, int leftOut)
    {
        var lines = errorsOfOutputs.Select(e => $"{(string?)e["message"]}: {(string?)e["details"]}");
        return Error(
            "prompt_outputs_failed_validation",
            "Prompt outputs failed validation",
            string.Join('\n', leftOut == 0 ? lines : lines.Append($"and {leftOut} more errors; mend those that are shown and send the prompt again")));
    }

    public static JsonObject Missing(string input) =>
        Error("required_input_missing", "Required input is missing", input, new() { ["input_name"] = input });

    public static JsonObject BadLink(string input, JsonArray config, JsonNode received) =>
        Error(
            "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]",
            input,
            Received(input, config, received));

    public static JsonObject TypeMismatch(string input, JsonArray config, string received, string wanted, JsonNode link) =>
        Error(
            "return_type_mismatch",
            "Return type mismatch between linked nodes",
            $"{input}, received_type({received}) mismatch input_type({wanted})",
            new() { ["input_name"] = input, ["input_config"] = config, ["received_type"] = received, ["linked_node"] = link.DeepClone() });

    public static JsonObject InnerFault(string input, JsonArray config, ValidationFault fault, JsonNode link) =>
        Error(
            "exception_during_inner_validation",
            "Exception when validating inner node",
            fault.Message,
            new()
            {
                ["input_name"] = input,
                ["input_config"] = config,
                ["exception_message"] = fault.Message,
                ["exception_type"] = fault.Type,
                ["traceback"] = fault.TracebackJson(),
                ["linked_node"] = link.DeepClone(),
            });

    public static JsonObject Fault(ValidationFault fault) =>
        Error(
            "exception_during_validation",
            "Exception when validating node",
            fault.Message,
            new() { ["exception_type"] = fault.Type, ["traceback"] = fault.TracebackJson() });

    public static JsonObject BadValue(string input, string type, JsonArray config, JsonNode? received, string reason)
    {
        var extra = Received(input, config, received);
        reason = Brief(reason);
        extra["exception_message"] = reason;
        return Error(
            "invalid_input_type",
            $"Failed to convert an input value to a {type} value",
            $"{input}, {Brief(PythonText.Show(received))}, {reason}",
            extra);
    }

    public static JsonObject TooSmall(string input, JsonArray config, JsonNode received, JsonNode min) =>
        Error(
            "value_smaller_than_min",
            $"Value {Brief(PythonText.Show(received))} smaller than min of {PythonText.Show(min)}",
            input,
            Received(input, config, received));

    public static JsonObject TooBig(string input, JsonArray config, JsonNode received, JsonNode max) =>
        Error(
            "value_bigger_than_max",
            $"Value {Brief(PythonText.Show(received))} bigger than max of {PythonText.Show(max)}",
            input,
            Received(input, config, received));

    public static JsonObject NotInList(string input, JsonArray config, JsonNode? received, IReadOnlyList<string> choices)
    {
        var isLong = choices.Count > LongList;
        var list = isLong ? $"(list of length {choices.Count})" : PythonText.Quote(choices);
        return Error(
            "value_not_in_list",
            "Value not in list",
            $"{input}: '{Brief(PythonText.Show(received))}' not in {list}",
            Received(input, isLong ? null : config, received));
    }

    public static JsonObject Custom(string input, string reason) =>
        Error(
            "custom_validation_failed",
            "Custom validation failed for node",
            reason.Length == 0 ? input : $"{input} - {Brief(reason)}",
            new() { ["input_name"] = input });

    private static string Brief(string text) => Excerpt.Of(text, LongestValue);

    private static JsonNode? BriefJson(JsonNode? value) => value is not null && value.ToJsonString() is { Length: > LongestValue } text
        ? JsonValue.Create(Brief(value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : text))
        : value?.DeepClone();

    private static JsonObject Received(string input, JsonArray? config, JsonNode? received) =>
        new() { ["input_name"] = input, ["input_config"] = config, ["received_value"] = BriefJson(received) };

    private static JsonObject Error(string type, string message, string details, JsonObject? extra = null) =>
        new() { ["type"] = type, ["message"] = message, ["details"] = details, ["extra_info"] = extra ?? [] };
}
