using System.Collections;
using System.Numerics;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>Shows a node's inputs in an error.</summary>
internal static class ValueText
{
    /// <summary>Longer texts are cut in errors: the history keeps those.</summary>
    private const int Longest = 16 << 10;

    /// <summary>A text, or its beginning and how long it is.</summary>
    public static string Cut(string text) => text.Length <= Longest ? text : $"{text.AsSpan(0, Longest)}… ({text.Length} characters)";

    /// <summary>Scalars as they are, long texts cut; everything else as text.</summary>
    public static JsonNode? Shown(object? value) => value switch
    {
        string { Length: > Longest } text => JsonValue.Create(Cut(text)),
        JsonValue scalar when scalar.TryGetValue(out string? text) && text.Length > Longest => JsonValue.Create(Cut(text)),
        JsonNode json and not JsonValue => JsonValue.Create(Cut(PythonText.Quote(json))),
        _ => Json(value),
    };

    /// <summary>Scalars as they are; everything else as text.</summary>
    public static JsonNode? Json(object? value) => value switch
    {
        null => null,
        JsonValue scalar => scalar.DeepClone(),
        JsonNode json => PythonText.Quote(json),
        string text => JsonValue.Create(text),
        bool flag => JsonValue.Create(flag),
        int whole => JsonValue.Create(whole),
        long whole => JsonValue.Create(whole),
        ulong whole => JsonValue.Create(whole),
        BigInteger whole => PythonConversion.ToJson(whole),
        double real => JsonValue.Create(real),
        ITensorOwner owner => JsonValue.Create(string.Join(", ", owner.Tensors.Select(t => $"tensor of shape [{string.Join(", ", t.shape)}], {t.dtype}"))),
        _ => JsonValue.Create(value.ToString()),
    };

    /// <summary>The name that Python has for the value's type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        JsonNode json => PythonText.TypeName(json),
        string => "str",
        bool => "bool",
        int or long or ulong or BigInteger => "int",
        double => "float",
        IList => "list",
        _ => value.GetType().Name,
    };
}
