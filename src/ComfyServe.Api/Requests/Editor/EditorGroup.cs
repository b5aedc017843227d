using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// Takes a node apart that stands for a group of others (<c>extra.groupNodes</c>). The file does not say which socket, value or output of the node is whose: the
/// editor gives them out node by node, sockets and values in the order in which the engine describes the inputs, those that were turned from a value into a socket
/// last, and names that come twice get the title of their node in front.
/// </summary>
internal sealed class EditorGroup
{
    private readonly EditorNode _instance;
    private readonly JsonElement _definition;
    private readonly NodeCatalogue _catalogue;
    private readonly List<JsonElement> _saved;
    private readonly List<EditorNode> _nodes;
    private readonly Dictionary<(int Node, int Slot), (int Node, int Slot)> _into = [];
    private readonly Dictionary<(int Node, int Slot), List<(int Node, int Slot)>> _outOf = [];
    private readonly HashSet<(int Node, int Slot)> _external = [];
    private readonly List<WidgetEntry> _entries = [];
    private readonly Dictionary<(int Node, string Input), (string Name, int Place)> _sockets = [];
    private readonly Dictionary<string, int> _seen = new(StringComparer.Ordinal);

    private EditorGroup(EditorNode instance, JsonElement definition, NodeCatalogue catalogue)
    {
        (_instance, _definition, _catalogue) = (instance, definition, catalogue);
        _saved = [.. EditorNode.ListOf(definition, "nodes")];
        _nodes = [.. _saved.Select((n, i) => EditorNode.ReadAs(n, i.ToString(System.Globalization.CultureInfo.InvariantCulture), instance.Id + ":"))];
    }

    /// <summary>The nodes of the group, connected as the node that stands for it is.</summary>
    public List<EditorNode> Nodes { get; } = [];

    /// <summary>The connections between them.</summary>
    public List<EditorLink> Links { get; } = [];

    /// <summary>What the outputs of the node that stands for the group are: connections of <see cref="Links"/>.</summary>
    public List<string> Outputs { get; } = [];

    /// <summary>The values that the node that stands for the group gives to those inside.</summary>
    public List<(string Node, string Input, JsonElement Value)> Values { get; } = [];

    /// <summary>How many of its values belong to nothing.</summary>
    public int LeftOver { get; private set; }

    /// <summary>How many nodes a group has.</summary>
    public static int SizeOf(JsonElement definition) => EditorNode.ListOf(definition, "nodes").Count();

    /// <summary>Takes it apart.</summary>
    public static EditorGroup Expand(EditorNode instance, JsonElement definition, NodeCatalogue catalogue)
    {
        var group = new EditorGroup(instance, definition, catalogue);
        group.ReadLinks();
        for (var i = 0; i < group._nodes.Count; i++)
        {
            group.AddWidgetsAndSockets(i);
            group.AddOutputs(i);
        }

        for (var i = 0; i < group._nodes.Count; i++)
        {
            group.AddConverted(i);
        }

        group.AddValues();
        for (var i = 0; i < group._nodes.Count; i++)
        {
            group.Connect(i);
        }

        return group;
    }

    private void ReadLinks()
    {
        foreach (var link in EditorNode.ListOf(_definition, "links").Where(static l => l.ValueKind == JsonValueKind.Array && l.GetArrayLength() >= 4))
        {
            if (EditorLink.Number(link[0]) is { } from && EditorLink.Number(link[1]) is { } slot && EditorLink.Number(link[2]) is { } to && EditorLink.Number(link[3]) is { } toSlot
                && from < _nodes.Count && to < _nodes.Count)
            {
                _into[(to, toSlot)] = (from, slot);
                (_outOf.TryGetValue((from, slot), out var ends) ? ends : _outOf[(from, slot)] = []).Add((to, toSlot));
            }
        }

        foreach (var output in EditorNode.ListOf(_definition, "external").Where(static e => e.ValueKind == JsonValueKind.Array && e.GetArrayLength() >= 2))
        {
            if (EditorLink.Number(output[0]) is { } node && EditorLink.Number(output[1]) is { } slot)
            {
                _external.Add((node, slot));
            }
        }
    }

    private void AddWidgetsAndSockets(int index)
    {
        var node = _nodes[index];
        if (node.IsPrimitive)
        {
            if (_outOf.TryGetValue((index, 0), out var ends))
            {
                var spec = new InputSpec { Name = "value", Type = SpecAt(ends[0])?.Type ?? "STRING", HasControl = true };
                _entries.AddRange(WidgetLayout.Of(spec, index, NameOf(index, "value")));
            }

            return;
        }

        if (node.IsReroute)
        {
            if (!IsInner(index) && !_into.ContainsKey((index, 0)))
            {
                _sockets[(index, node.Inputs is [var first, ..] ? first.Name : "")] = (NameOf(index, RerouteType(index)), _sockets.Count);
            }

            return;
        }

        if (_catalogue.Find(node.Type) is not { } known)
        {
            return;
        }

        foreach (var spec in known.Inputs.Where(s => s.IsWidget && !IsConverted(node, s.Name)))
        {
            _entries.AddRange(WidgetLayout.Of(spec, index, NameOf(index, spec.Name)));
        }

        var slot = 0;
        foreach (var spec in known.Inputs.Where(static s => !s.IsWidget))
        {
            AddSocket(index, spec.Name, slot++);
        }
    }

    private void AddConverted(int index)
    {
        var node = _nodes[index];
        if (_catalogue.Find(node.Type) is not { } known)
        {
            return;
        }

        var slot = known.Inputs.Count(static s => !s.IsWidget);
        foreach (var (name, _) in Converted(node, known))
        {
            if (AddSocket(index, name, slot++) is { } shown)
            {
                _entries.AddRange(WidgetLayout.Of(known.Find(name)!, index, shown));
            }
        }
    }

    /// <summary>Gives an input a socket of its own on the node that stands for the group; none where it is connected within, or hidden.</summary>
    private string? AddSocket(int index, string name, int slot)
    {
        if (_into.ContainsKey((index, slot)))
        {
            return null;
        }

        var shown = NameOf(index, name);
        if (Setting(index, "input", name, "visible").ValueKind == JsonValueKind.False)
        {
            return null;
        }

        _sockets[(index, name)] = (shown, _sockets.Count);
        return shown;
    }

    private void AddOutputs(int index)
    {
        var node = _nodes[index];
        var count = node.IsPrimitive ? (_outOf.ContainsKey((index, 0)) ? 1 : 0) : node.IsReroute ? (IsInner(index) ? 0 : 1) : _catalogue.Find(node.Type)?.Outputs ?? 0;
        for (var slot = 0; slot < count; slot++)
        {
            var isHidden = Setting(index, "output", slot.ToString(System.Globalization.CultureInfo.InvariantCulture), "visible") switch
            {
                { ValueKind: JsonValueKind.True } => false,
                { ValueKind: JsonValueKind.False } => true,
                _ => _outOf.ContainsKey((index, slot)) && !_external.Contains((index, slot)),
            };
            if (!isHidden)
            {
                var id = $"{_instance.Id}>{Outputs.Count}";
                Links.Add(new(id, node.Id, slot, null, null));
                Outputs.Add(id);
            }
        }
    }

    /// <summary>Gives the saved values out. One of a primitive node is the value of all that it leads to.</summary>
    private void AddValues()
    {
        if (_instance.Widgets.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var (entry, value) in new WidgetLayout(_entries).Assign(_instance.Widgets, out var leftOver))
        {
            if (value.ValueKind != JsonValueKind.Null)
            {
                Values.Add((_nodes[entry.Node].Id, entry.Spec!.Name, value));
            }

            LeftOver = leftOver;
        }
    }

    private void Connect(int index)
    {
        var node = _nodes[index];
        var inputs = new List<EditorInput>();
        var known = _catalogue.Find(node.Type);
        var names = known is null
            ? node.Inputs.Select(static i => i.Name)
            : known.Inputs.Where(static s => !s.IsWidget).Select(static s => s.Name).Concat(Converted(node, known).Select(static c => c.Name));
        foreach (var (name, slot) in names.Select(static (n, i) => (n, i)))
        {
            var type = known?.Find(name)?.Type ?? (slot < node.Inputs.Count ? node.Inputs[slot].Type : "");
            inputs.Add(new(name, type, LinkOf(index, name, slot), known?.Find(name)?.IsWidget == true ? name : null));
        }

        // A value of the group that was turned into a socket of the node that stands for it.
        foreach (var entry in _entries.Where(e => e.Node == index && e.Kind == WidgetEntry.Role.Value && inputs.TrueForAll(i => i.Name != e.Spec!.Name)))
        {
            if (_instance.Inputs.FirstOrDefault(i => (i.Widget ?? i.Name) == entry.Name).Link is { } link)
            {
                inputs.Add(new(entry.Spec!.Name, entry.Spec.Type, link, entry.Spec.Name));
            }
        }

        Nodes.Add(node with { Inputs = inputs });
    }

    private string? LinkOf(int index, string name, int slot)
    {
        if (_into.TryGetValue((index, slot), out var source))
        {
            var id = $"{_instance.Id}:{index}<{slot}";
            Links.Add(new(id, _nodes[source.Node].Id, source.Slot, _nodes[index].Id, slot));
            return id;
        }

        if (!_sockets.TryGetValue((index, name), out var socket))
        {
            return null;
        }

        foreach (var input in _instance.Inputs)
        {
            if (input.Name == socket.Name)
            {
                return input.Link;
            }
        }

        return _instance.Inputs.Count == _sockets.Count ? _instance.Inputs[socket.Place].Link : null; // renamed since
    }

    /// <summary>What the group calls an input.</summary>
    private string NameOf(int index, string input)
    {
        var node = _nodes[index];
        var name = Setting(index, "input", input, "name") is { ValueKind: JsonValueKind.String } given ? given.GetString()! : LabelOf(index, input) ?? input;
        var key = name;
        if ((node.IsPrimitive && node.Title is { Length: > 0 }) || _seen.ContainsKey(name))
        {
            var prefix = $"{node.Title ?? node.Type} ";
            key = name = prefix + input;
            if (_seen.TryGetValue(name, out var times))
            {
                name = $"{prefix}{times} {input}";
            }
        }

        _seen[key] = _seen.GetValueOrDefault(key, 1) + 1;
        return name;
    }

    private string? LabelOf(int index, string input) =>
        EditorNode.ListOf(_saved[index], "inputs").Where(i => EditorNode.TextOf(i, "name") == input).Select(static i => EditorNode.TextOf(i, "label")).FirstOrDefault();

    private JsonElement Setting(int index, string side, string name, string setting)
    {
        var at = _definition;
        foreach (var step in (ReadOnlySpan<string>)["config", index.ToString(System.Globalization.CultureInfo.InvariantCulture), side, name, setting])
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(step, out at))
            {
                return default;
            }
        }

        return at;
    }

    /// <summary>Whether a reroute only leads from one node of the group to another.</summary>
    private bool IsInner(int index) => _into.ContainsKey((index, 0)) && _outOf.ContainsKey((index, 0)) && !_external.Contains((index, 0));

    private string RerouteType(int index) =>
        _outOf.TryGetValue((index, 0), out var ends) && SpecAt(ends[0]) is { } spec ? spec.Type : _nodes[index].Outputs is [var type, ..] ? type : "*";

    /// <summary>The input at a place of a node: sockets come first, then what was turned into one.</summary>
    private InputSpec? SpecAt((int Node, int Slot) end)
    {
        if (_catalogue.Find(_nodes[end.Node].Type) is not { } known)
        {
            return null;
        }

        return known.Inputs.Where(static s => !s.IsWidget).Concat(Converted(_nodes[end.Node], known).Select(c => known.Find(c.Name)!)).ElementAtOrDefault(end.Slot);
    }

    private static bool IsConverted(EditorNode node, string name) => node.Inputs.Any(i => i.Name == name && i.Widget == name);

    /// <summary>The values that were turned into sockets, in the order in which the editor goes through them: by the digits of their places.</summary>
    private static IEnumerable<(string Name, int Place)> Converted(EditorNode node, NodeClass known) => node.Inputs
        .Select(static (input, place) => (input.Name, input.Widget, Place: place))
        .Where(i => i.Widget == i.Name && known.Find(i.Name)?.IsWidget == true)
        .OrderBy(static i => i.Place.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal)
        .Select(static i => (i.Name, i.Place));
}
