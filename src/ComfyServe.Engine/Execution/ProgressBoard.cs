using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>How far each node of a run is: the content of <c>progress_state</c>.</summary>
internal sealed class ProgressBoard(string promptId, IExecutionListener listener)
{
    private readonly OrderedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>A node starts, or starts again.</summary>
    public void Start(NodePlace place) => Set(place, new Entry(place, 0.0, 1.0, "running"));

    /// <summary>A node is at a step.</summary>
    public void Step(NodePlace place, long value, long max) => Set(place, new Entry(place, value, max, "running"));

    /// <summary>A node is done. One that never started, because its result was there, counts 1 of 1.</summary>
    public void Finish(NodePlace place)
    {
        var max = _entries.TryGetValue(place.NodeId, out var entry) ? entry.Max : 1;
        Set(place, new Entry(place, max, max, "finished"));
    }

    private void Set(NodePlace place, Entry entry)
    {
        _entries[place.NodeId] = entry;
        listener.Send(
            "progress_state",
            new JsonObject
            {
                ["prompt_id"] = promptId,
                ["nodes"] = new JsonObject(_entries.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)Json(e.Value)))),
            },
            Audience.ClientOrAll);
    }

    private JsonObject Json(Entry entry) => new()
    {
        ["value"] = entry.Value.DeepClone(),
        ["max"] = entry.Max.DeepClone(),
        ["state"] = entry.State,
        ["node_id"] = entry.Place.NodeId,
        ["prompt_id"] = promptId,
        ["display_node_id"] = entry.Place.DisplayNodeId,
        ["parent_node_id"] = entry.Place.ParentNodeId,
        ["real_node_id"] = entry.Place.RealNodeId,
    };

    /// <summary>How far one node is.</summary>
    /// <param name="Place">The node.</param>
    /// <param name="Value">Done; a float at the start and whole once steps are counted, as in ComfyUI.</param>
    /// <param name="Max">In all.</param>
    /// <param name="State"><c>running</c> or <c>finished</c>.</param>
    private sealed record Entry(NodePlace Place, JsonNode Value, JsonNode Max, string State);
}
