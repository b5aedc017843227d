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

    /// <summary>The same by name, as newer editors save them too.</summary>
    public JsonElement NamedWidgets { get; init; }

    /// <summary>Standing for a subgraph: the widgets of nodes inside that it shows as its own, in the order of its values. Node <c>-1</c> stands for its own inputs.</summary>
    public IReadOnlyList<(string Node, string Widget)> Proxies { get; init; } = [];

    /// <summary>The name under which texts of other nodes refer to it (<c>%Name.widget%</c>), where it was given one.</summary>
    public string? SearchName { get; init; }

    /// <summary>Whether a primitive node fills in such references in its own value.</summary>
    public bool FillsIn { get; init; }

    /// <summary>Stands before the ids of the nodes that lie in the same graph: <c>5:</c> within the subgraph of node 5.</summary>
    public string Scope { get; init; } = "";

    /// <summary>Whether it is left out, and with it what comes from it.</summary>
    public bool IsMuted => Mode == Muted;

    /// <summary>Whether it is left out, and what comes in goes on.</summary>
    public bool IsBypassed => Mode == BypassedMode;

    /// <summary>Whether it only passes on what comes in. Extensions have such nodes too (<c>Reroute (rgthree)</c>).</summary>
    public bool IsReroute => Type == "Reroute" || Type.StartsWith("Reroute (", StringComparison.Ordinal);

    /// <summary>Whether it gives what comes in a name, under which getters of the same graph have it.</summary>
    public bool IsSetter => Type is "SetNode" or "easy setNode";

    /// <summary>Whether it gives what comes into the setter of the same name.</summary>
    public bool IsGetter => Type is "GetNode" or "easy getNode";

    /// <summary>The name that a setter or a getter has.</summary>
    public string? Variable => Widgets.ValueKind == JsonValueKind.Array && Widgets.GetArrayLength() > 0 && Widgets[0].ValueKind == JsonValueKind.String ? Widgets[0].GetString() : null;

    /// <summary>Whether it only holds a value for other nodes.</summary>
    public bool IsPrimitive => Type == "PrimitiveNode";

    /// <summary>Whether no engine knows of it: it is there for people, or for the editor.</summary>
    public bool IsEditorsOwn => IsReroute || IsPrimitive || IsSetter || IsGetter || Type is "Note" or "MarkdownNote" || IsRemoteControl;

    /// <summary>Whether it stands for several nodes.</summary>
    public bool IsGroup => Type.StartsWith("workflow>", StringComparison.Ordinal) || Type.StartsWith("workflow/", StringComparison.Ordinal);

    /// <summary>The group that it stands for.</summary>
    public string GroupName => Type["workflow>".Length..];

    /// <summary>Widely used nodes of an extension that mute, bypass or mark others while somebody edits; none of them is ever sent to an engine.</summary>
    private bool IsRemoteControl => Type.EndsWith(" (rgthree)", StringComparison.Ordinal)
        && (Type.StartsWith("Fast ", StringComparison.Ordinal) || Type.StartsWith("Mute / Bypass ", StringComparison.Ordinal)
            || Type is "Label (rgthree)" or "Bookmark (rgthree)" or "Node Collector (rgthree)" or "Random Unmuter (rgthree)");

    /// <summary>Reads one; null when it has no id or type.</summary>
    /// <param name="node">The node.</param>
    /// <param name="prefix">Stands before its id and those of its connections.</param>
    public static EditorNode? Read(JsonElement node, string prefix)
    {
        return node.ValueKind == JsonValueKind.Object && IdOf(node, "id") is { } id && TextOf(node, "type") is { Length: > 0 } ? ReadAs(node, id, prefix) : null;
    }

    /// <summary>Reads one that has its id from elsewhere. What has no type does nothing.</summary>
    public static EditorNode ReadAs(JsonElement node, string id, string prefix)
    {
        if (TextOf(node, "type") is not { Length: > 0 } type)
        {
            return new() { Id = prefix + id, Scope = prefix, Type = "Note" };
        }

        var properties = node.TryGetProperty("properties", out var found) ? found : default;
        return new()
        {
            Id = prefix + id,
            Scope = prefix,
            Type = type,
            Title = TextOf(node, "title"),
            Mode = node.TryGetProperty("mode", out var mode) && mode.ValueKind == JsonValueKind.Number && mode.TryGetInt32(out var number) ? number : 0,
            Inputs = [.. ListOf(node, "inputs").Select(i => ReadInput(i, prefix))],
            Outputs = [.. ListOf(node, "outputs").Select(TypeOf)],
            Proxies = [.. ListOf(properties, "proxyWidgets").Select(ReadProxy)],
            SearchName = TextOf(properties, "Node name for S&R"),
            FillsIn = properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty("Run widget replace on values", out var fills) && fills.ValueKind == JsonValueKind.True,
            Widgets = node.TryGetProperty("widgets_values", out var widgets) ? widgets : default,
            NamedWidgets = node.TryGetProperty("widgets_values_named", out var named) ? named : default,
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

    /// <summary>The type of a socket: a text; a number (0 takes anything); or, in old files, the choices themselves.</summary>
    private static string TypeOf(JsonElement socket)
    {
        if (socket.ValueKind != JsonValueKind.Object || !socket.TryGetProperty("type", out var type))
        {
            return "";
        }

        return type.ValueKind switch
        {
            JsonValueKind.String => type.GetString()!,
            JsonValueKind.Number => type.GetRawText(),
            JsonValueKind.Array => "COMBO",
            _ => "",
        };
    }

    private static EditorInput ReadInput(JsonElement input, string prefix)
    {
        var name = TextOf(input, "name") ?? "";
        var hasWidget = input.ValueKind == JsonValueKind.Object && input.TryGetProperty("widget", out var widget) && widget.ValueKind == JsonValueKind.Object;
        return new(name, TypeOf(input), IdOf(input, "link") is { } link ? prefix + link : null, hasWidget ? TextOf(input.GetProperty("widget"), "name") ?? name : null);
    }

    private static (string Node, string Widget) ReadProxy(JsonElement proxy) =>
        proxy.ValueKind == JsonValueKind.Array && proxy.GetArrayLength() >= 2 && IdOf(proxy[0]) is { } node && proxy[1].ValueKind == JsonValueKind.String
            ? (node, proxy[1].GetString()!)
            : ("", ""); // It keeps its place: the values are counted.
}
