using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// How far each node of a run is: the content of <c>progress_state</c>. ComfyUI tells of every node each time, which is a
/// square; beyond <see cref="MostNodes"/> nodes a message tells of the newest ones, and none follows within
/// <see cref="Pause"/> of the one before.
/// </summary>
internal sealed class ProgressBoard(string promptId, IExecutionListener listener, TimeProvider clock)
{
    /// <summary>Most nodes that one message tells of.</summary>
    public const int MostNodes = 256;

    /// <summary>The shortest time between two messages about more nodes than that.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly OrderedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _sent;

    /// <summary>A node starts, or starts again.</summary>
    public void Start(NodePlace place) => Set(new Entry(place, 0, 1, IsWhole: false, "running"));

    /// <summary>A node is at a step.</summary>
    public void Step(NodePlace place, long value, long max) => Set(new Entry(place, value, max, IsWhole: true, "running"));

    /// <summary>A node is done. One that never started, because its result was there, counts 1 of 1.</summary>
    public void Finish(NodePlace place)
    {
        var known = _entries.TryGetValue(place.NodeId, out var entry);
        var max = known ? entry!.Max : 1;
        Set(new Entry(place, max, max, !known || entry!.IsWhole, "finished"));
    }

    private void Set(Entry entry)
    {
        _entries[entry.Place.NodeId] = entry;
        if (!listener.Reaches(Audience.ClientOrAll) || (_entries.Count > MostNodes && clock.GetElapsedTime(_sent) < Pause))
        {
            return;
        }

        _sent = clock.GetTimestamp();
        var nodes = new JsonObject();
        for (var i = Math.Max(0, _entries.Count - MostNodes); i < _entries.Count; i++)
        {
            var (id, newest) = _entries.GetAt(i);
            nodes[id] = Json(newest);
        }

        // One of the first may still run: it waits for an expansion.
        if (!nodes.ContainsKey(entry.Place.NodeId))
        {
            nodes[entry.Place.NodeId] = Json(entry);
        }

        listener.Send("progress_state", new JsonObject { ["prompt_id"] = promptId, ["nodes"] = nodes }, Audience.ClientOrAll);
    }

    private JsonObject Json(Entry entry) => new()
    {
        ["value"] = entry.IsWhole ? JsonValue.Create(entry.Value) : JsonValue.Create((double)entry.Value),
        ["max"] = entry.IsWhole ? JsonValue.Create(entry.Max) : JsonValue.Create((double)entry.Max),
        ["state"] = entry.State,
        ["node_id"] = entry.Place.NodeId,
        ["prompt_id"] = promptId,
        ["display_node_id"] = entry.Place.DisplayNodeId,
        ["parent_node_id"] = entry.Place.ParentNodeId,
        ["real_node_id"] = entry.Place.RealNodeId,
    };

    /// <summary>How far one node is.</summary>
    /// <param name="Place">The node.</param>
    /// <param name="Value">Done.</param>
    /// <param name="Max">In all.</param>
    /// <param name="IsWhole">Whether the two are told as whole numbers: as in ComfyUI, floats at the start and whole once steps are counted.</param>
    /// <param name="State"><c>running</c> or <c>finished</c>.</param>
    private sealed record Entry(NodePlace Place, long Value, long Max, bool IsWhole, string State);
}
