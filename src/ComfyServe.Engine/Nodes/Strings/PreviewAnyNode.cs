using System.Numerics;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>Shows any value as text.</summary>
internal static class PreviewAnyNode
{
    [Node("PreviewAny", Display = "Preview Any", Category = "utils", Module = "comfy_extras.nodes_preview_any", IsOutput = true, MemoryFactor = 0)]
    public static Ui Preview([Input] object? source) => new Ui().Add("text", Text(source));

    private static string Text(object? source) => source switch
    {
        null => "None",
        string text => text,
        bool flag => flag ? "True" : "False",
        double.NaN => "nan",
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        double number => PythonJson.Number(number),
        int or long or ulong or BigInteger => $"{source}",
        JsonNode json => PythonJson.Write(json),
        ITensorOwner owner => string.Join(", ", owner.Tensors.Select(t => $"tensor of shape [{string.Join(", ", t.shape)}], {t.dtype}")),
        _ => source.ToString() ?? "",
    };
}
