using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// The <c>node_errors</c> of a prompt: each node with mistakes, and the outputs that fail from then on. ComfyUI names all of
/// them, which is a square; here each node names the first hundred and counts the rest.
/// </summary>
/// <param name="failed">The checks that found mistakes; grows between calls.</param>
internal sealed class NodeErrorReport(IReadOnlyList<NodeCheck> failed)
{
    /// <summary>Most mistakes of a prompt that are told.</summary>
    public const int MostErrors = 1000;

    /// <summary>Most outputs that a node with mistakes names.</summary>
    public const int MostOutputs = 100;

    private readonly List<Entry> _entries = [];

    /// <summary>The entries that may name more outputs.</summary>
    private List<Entry> _open = [];
    private int _outputs;

    /// <summary>Number of entries that were looked at so far, for tests.</summary>
    public long Visits { get; private set; }

    /// <summary>An output failed: every node that has failed so far names it.</summary>
    public void Failed(string output)
    {
        for (var i = _entries.Count; i < failed.Count; i++)
        {
            var entry = new Entry(failed[i], _outputs);
            _entries.Add(entry);
            _open.Add(entry);
        }

        _outputs++;
        var isFull = false;
        foreach (var entry in _open)
        {
            Visits++;
            entry.Outputs.Add(JsonValue.Create(output));
            isFull |= entry.Outputs.Count == MostOutputs;
        }

        if (isFull)
        {
            _open = [.. _open.Where(e => e.Outputs.Count < MostOutputs)];
        }
    }

    /// <summary>Node id → <c>{errors, dependent_outputs, class_type}</c>; <c>dependent_outputs_left_out</c> where there are more.</summary>
    public JsonObject ToJson()
    {
        var errors = new JsonObject();
        foreach (var entry in _entries)
        {
            errors[entry.Check.Id] = new JsonObject
            {
                ["errors"] = new JsonArray([.. entry.Check.Errors.Select(e => e.DeepClone())]),
                ["dependent_outputs"] = entry.Outputs,
                ["class_type"] = entry.Check.Node.Name,
            };
            if (_outputs - entry.Before > entry.Outputs.Count)
            {
                errors[entry.Check.Id]!["dependent_outputs_left_out"] = _outputs - entry.Before - entry.Outputs.Count;
            }
        }

        return errors;
    }

    /// <summary>What is told of one node.</summary>
    /// <param name="Check">The node's check.</param>
    /// <param name="Before">Outputs that had failed before.</param>
    private sealed record Entry(NodeCheck Check, int Before)
    {
        public JsonArray Outputs { get; } = [];
    }
}
