using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>A node as the editor saves it.</summary>
internal sealed record EditorNode
{
    private const int Muted = 2;
    private const int BypassedMode = 4;

    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Its class, or the id of a subgraph.</summary>
    public required string Type { get; init; }

    /// <summary>Title that the user gave it, or null.</summary>
    public string? Title { get; init; }

    /// <summary>0 where it runs.</summary>
    public int Mode { get; init; }

    /// <summary>Its sockets in order.</summary>
    public IReadOnlyList<EditorInput> Inputs { get; init; } = [];

    /// <summary>Types of its outputs in order.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>Values of its widgets: a list in the order of the widgets, or an object by name.</summary>
    public JsonElement Widgets { get; init; }

    /// <summary>Whether, standing for a subgraph, it shows widgets of nodes inside as its own.</summary>
    public bool HasProxies { get; init; }

    /// <summary>Whether it is left out, and with it what comes from it.</summary>
    public bool IsMuted => Mode == Muted;

    /// <summary>Whether it is left out, and what comes in goes on.</summary>
    public bool IsBypassed => Mode == BypassedMode;

    /// <summary>Whether it only passes on what comes in.</summary>
    public bool IsReroute => Type == "Reroute";

    /// <summary>Whether it only holds a value for other nodes.</summary>
    public bool IsPrimitive => Type == "PrimitiveNode";

    /// <summary>Whether no engine knows of it: it is there for people, or for the editor.</summary>
    public bool IsEditorsOwn => IsReroute || IsPrimitive || Type is "Note" or "MarkdownNote";

    /// <summary>Whether it stands for several nodes.</summary>
    public bool IsGroup => Type.StartsWith("workflow>", StringComparison.Ordinal) || Type.StartsWith("workflow/", StringComparison.Ordinal);

    /// <summary>Reads one; null when it has no id or type.</summary>
    /// <param name="node">The node.</param>
    /// <param name="prefix">Stands before its id and those of its connections.</param>
    public static EditorNode? Read(JsonElement node, string prefix)
    {
        if (node.ValueKind != JsonValueKind.Object || IdOf(node, "id") is not { } id || TextOf(node, "type") is not { Length: > 0 } type)
        {
            return null;
        }

        return new()
        {
            Id = prefix + id,
            Type = type,
            Title = TextOf(node, "title"),
            Mode = node.TryGetProperty("mode", out var mode) && mode.ValueKind == JsonValueKind.Number && mode.TryGetInt32(out var number) ? number : 0,
            Inputs = [.. ListOf(node, "inputs").Select(i => ReadInput(i, prefix))],
            Outputs = [.. ListOf(node, "outputs").Select(static o => TextOf(o, "type") ?? "")],
            HasProxies = node.TryGetProperty("properties", out var properties) && ListOf(properties, "proxyWidgets").Any(),
            Widgets = node.TryGetProperty("widgets_values", out var widgets) ? widgets : default,
        };
    }

    /// <summary>An id, a number or a text, as text; null where there is none.</summary>
    internal static string? IdOf(JsonElement parent, string name) => parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? IdOf(value) : null;

    /// <summary>An id, a number or a text, as text; null for anything else.</summary>
    internal static string? IdOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.String => value.GetString(),
        _ => null,
    };

    internal static IEnumerable<JsonElement> ListOf(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    internal static string? TextOf(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static EditorInput ReadInput(JsonElement input, string prefix) => new(
        TextOf(input, "name") ?? "",
        TextOf(input, "type") ?? "",
        IdOf(input, "link") is { } link ? prefix + link : null,
        input.ValueKind == JsonValueKind.Object && input.TryGetProperty("widget", out var widget) && widget.ValueKind == JsonValueKind.Object);
}
