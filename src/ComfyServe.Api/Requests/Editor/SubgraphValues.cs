using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>
/// Which values a node that stands for a subgraph gives to what lies inside. The saved list has one for each input of the subgraph that feeds a widget, in the
/// order of the subgraph's inputs: sockets that nothing is connected with are not in the file. Where the node lists widgets of nodes inside that it shows as its
/// own, the values are theirs in that order.
/// </summary>
internal sealed class SubgraphValues(IReadOnlyDictionary<string, EditorSubgraph> subgraphs, NodeCatalogue catalogue)
{
    private readonly Dictionary<string, List<(string Name, bool HasControl)>> _promoted = new(StringComparer.Ordinal);

    /// <summary>The values by node inside and widget; node <c>-1</c> stands for the subgraph's own inputs.</summary>
    /// <param name="instance">The node that stands for the subgraph.</param>
    /// <param name="leftOver">How many values belong to nothing.</param>
    public List<(string Node, string Widget, JsonElement Value)> Of(EditorNode instance, out int leftOver)
    {
        leftOver = 0;
        if (instance.Widgets.ValueKind == JsonValueKind.Object)
        {
            return [.. instance.Widgets.EnumerateObject().Select(static v => ("-1", v.Name, v.Value))];
        }

        if (instance.Widgets.ValueKind != JsonValueKind.Array || instance.Widgets.GetArrayLength() == 0)
        {
            return [];
        }

        var promoted = Promoted(instance);
        var total = instance.Widgets.GetArrayLength();
        var places = new List<(string Node, string Widget)>();
        if (instance.Proxies.Count == 0 || (!instance.Proxies.Any(static p => p.Node == "-1") && total >= promoted.Count + instance.Proxies.Count))
        {
            var hasControls = instance.Proxies.Count == 0 && total > promoted.Count;
            foreach (var (name, hasControl) in promoted)
            {
                places.Add(("-1", name));
                if (hasControls && hasControl)
                {
                    places.Add(("", ""));
                }
            }
        }

        places.AddRange(instance.Proxies);
        leftOver = Math.Max(0, total - places.Count);
        return [.. places.Zip(instance.Widgets.EnumerateArray(), static (place, value) => (place.Node, place.Widget, value)).Where(static v => v.Node.Length > 0 && v.value.ValueKind != JsonValueKind.Null)];
    }

    /// <summary>The inputs of the subgraph that have a value: those that feed a widget, and those that the file says have one.</summary>
    private List<(string Name, bool HasControl)> Promoted(EditorNode instance)
    {
        var feeding = Promoted(instance.Type).DistinctBy(static p => p.Name).ToDictionary(static p => p.Name, static p => p.HasControl, StringComparer.Ordinal);
        return
        [
            .. subgraphs[instance.Type].Inputs.Distinct(StringComparer.Ordinal)
                .Where(name => feeding.ContainsKey(name) || instance.Inputs.Any(i => i.HasWidget && i.Name == name))
                .Select(name => (name, feeding.GetValueOrDefault(name))),
        ];
    }

    private List<(string Name, bool HasControl)> Promoted(string subgraph)
    {
        if (_promoted.TryGetValue(subgraph, out var known))
        {
            return known;
        }

        var found = _promoted[subgraph] = []; // already here for one that lies within itself
        var graph = subgraphs[subgraph];
        var nodes = EditorNode.ListOf(graph.Definition, "nodes").Select(static n => EditorNode.Read(n, "")).OfType<EditorNode>().DistinctBy(static n => n.Id, StringComparer.Ordinal).ToDictionary(static n => n.Id, StringComparer.Ordinal);
        var links = EditorNode.ListOf(graph.Definition, "links").Select(EditorLink.Read).OfType<EditorLink>().Where(l => l.From == graph.Entrance).ToLookup(static l => l.FromSlot);
        for (var slot = 0; slot < graph.Inputs.Count; slot++)
        {
            foreach (var link in links[slot])
            {
                if (link.To is { } to && nodes.TryGetValue(to, out var target) && Widget(target, link) is { } hasControl)
                {
                    found.Add((graph.Inputs[slot], hasControl));
                    break;
                }
            }
        }

        return found;
    }

    /// <summary>Whether the widget at the end of a connection has one beside it for what happens after each run; null where there is no widget.</summary>
    private bool? Widget(EditorNode target, EditorLink link)
    {
        var input = target.Inputs.FirstOrDefault(i => i.Link == link.Id);
        if (input.Name is null && link.ToSlot is { } slot && slot < target.Inputs.Count)
        {
            input = target.Inputs[slot];
        }

        if (input.Name is null)
        {
            return null;
        }

        if (subgraphs.ContainsKey(target.Type))
        {
            return Promoted(target.Type).FirstOrDefault(p => p.Name == input.Name) is { Name: not null } inner
                ? inner.HasControl
                : input.HasWidget ? false : null;
        }

        return catalogue.Find(target.Type)?.Find(input.Widget ?? input.Name) is { } spec
            ? spec.IsWidget ? spec.HasControl : null
            : input.HasWidget ? false : null;
    }
}
