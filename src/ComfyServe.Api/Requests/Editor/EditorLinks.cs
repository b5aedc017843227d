using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>Follows connections to what they give an engine: through reroutes, setters and getters, bypassed nodes, and in and out of subgraphs and groups.</summary>
internal sealed class EditorLinks(EditorGraph graph)
{
    private const int LongestChain = 10_000;

    /// <summary>What arrives through a connection.</summary>
    /// <param name="link">The connection.</param>
    /// <param name="wanted">Type of the input where it ends.</param>
    public Arrival Follow(string link, string wanted)
    {
        var next = link;
        var held = default(JsonElement); // what the outermost subgraph on the way has as its own, where nothing is connected with it
        string? last = null;
        for (var step = 0; step < LongestChain && next is not null && graph.Origin(next) is { } end; step++)
        {
            last = end.Node;
            if (graph.Entrance(end.Node, end.Slot) is { } entrance)
            {
                var input = entrance.Node.Inputs.FirstOrDefault(i => i.Name == entrance.Input);
                held = entrance.Input is { } name && graph.Given(entrance.Node, name) is { ValueKind: not JsonValueKind.Undefined } own ? own : held;
                (next, wanted) = (input.Link, input.Link is null ? wanted : input.Type);
                last = entrance.Node.Id;
                continue;
            }

            if (graph.Find(end.Node) is not { } node)
            {
                break;
            }

            if (node.IsPrimitive)
            {
                // Whatever its mode: the editor writes it into the widgets that it leads to before it looks at modes.
                return new(null, 0, Value(node) is { ValueKind: not JsonValueKind.Undefined } value ? value : held, node.Id);
            }

            if (node.IsMuted && !node.IsEditorsOwn)
            {
                break;
            }

            if (Passes(node, end.Slot) is { } source)
            {
                next = source.Link;
            }
            else if (node.IsBypassed)
            {
                var sockets = graph.Sockets(node);
                var through = SlotTypes.Bypass(sockets, end.Slot, end.Slot < node.Outputs.Count ? node.Outputs[end.Slot] : "", wanted);
                (next, wanted) = through < 0 ? (null, wanted) : (sockets[through].Link, sockets[through].Type);
            }
            else if (graph.StandsForOthers(node))
            {
                next = graph.Exit(node, end.Slot);
            }
            else
            {
                return new(node.Id, end.Slot, default);
            }
        }

        return new(null, 0, held, last);
    }

    /// <summary>The value of a primitive node; undefined where it has none.</summary>
    public JsonElement Value(EditorNode primitive) => graph.Given(primitive, "value") is { ValueKind: not JsonValueKind.Undefined } given
        ? given
        : primitive.Widgets.ValueKind == JsonValueKind.Array && primitive.Widgets.GetArrayLength() > 0 ? primitive.Widgets[0] : default;

    /// <summary>The input that comes out again of a node of the editor's own; null for other nodes.</summary>
    private EditorInput? Passes(EditorNode node, int slot)
    {
        if (node.IsReroute)
        {
            return node.Inputs.Count > 0 ? node.Inputs[0] : default(EditorInput);
        }

        var setter = node.IsSetter ? node : node is { IsGetter: true, Variable: { } variable } ? graph.Setter(node.Scope, variable) : null;
        return setter is null
            ? node.IsGetter ? default(EditorInput) : null
            : slot < setter.Inputs.Count ? setter.Inputs[slot] : default(EditorInput);
    }
}
