using System.Text;
using ComfyServe.Engine.Execution;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Queue;

/// <summary>How prompts ended, in memory, the oldest forgotten first.</summary>
/// <param name="maxEntries">Entries kept. ComfyUI keeps 10,000.</param>
/// <param name="maxBytes">Bytes of JSON kept: 10,000 large workflows would not fit into memory.</param>
internal sealed class PromptHistory(int maxEntries = 10_000, long maxBytes = 512L << 20)
{
    // Guards the fields below.
    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _order = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _byId = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>Records how a prompt ended. An id that is there already keeps its place.</summary>
    public void Add(QueueItem item, ExecutionOutcome outcome) => Add(item.Prompt.PromptId, item.Text, outcome);

    private void Add(string id, string prompt, ExecutionOutcome outcome)
    {
        var text = Encoding.ASCII.GetBytes(Write(prompt, outcome));
        lock (_gate)
        {
            while (_order.Count > 0 && (_order.Count > maxEntries || _bytes + text.Length > maxBytes))
            {
                RemoveNode(_order.First!);
            }

            _bytes += text.Length;
            if (_byId.TryGetValue(id, out var known))
            {
                _bytes -= known.Value.Text.Length;
                known.Value = new Entry(id, text);
            }
            else
            {
                _byId[id] = _order.AddLast(new Entry(id, text));
            }
        }
    }

    /// <summary>Records how a prompt ended without the prompt itself, after memory ran out.</summary>
    public void AddBrief(QueueItem item, ExecutionOutcome outcome) => Add(item.Prompt.PromptId, "[]", outcome);

    /// <summary>Forgets a prompt, if it is there.</summary>
    public void Delete(string promptId)
    {
        lock (_gate)
        {
            if (_byId.TryGetValue(promptId, out var node))
            {
                RemoveNode(node);
            }
        }
    }

    /// <summary>Forgets all prompts.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _order.Clear();
            _byId.Clear();
            _bytes = 0;
        }
    }

    /// <summary><c>{id: entry}</c>, or <c>{}</c> where the prompt is not known.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Find(string promptId)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(promptId, out var node) ? [KeyValuePair.Create(promptId, node.Value.Text)] : [];
        }
    }

    /// <summary>Entries from the oldest on.</summary>
    /// <param name="maxItems">At most so many; at least one where there is one. Null for all.</param>
    /// <param name="offset">Entries to skip; negative for the last <paramref name="maxItems"/>.</param>
    public IReadOnlyList<KeyValuePair<string, byte[]>> List(long? maxItems, long offset)
    {
        lock (_gate)
        {
            if (offset < 0 && maxItems is { } last)
            {
                offset = _order.Count - last;
            }

            var found = new List<KeyValuePair<string, byte[]>>();
            var index = 0L;
            foreach (var entry in _order)
            {
                if (index++ < offset)
                {
                    continue;
                }

                found.Add(KeyValuePair.Create(entry.Id, entry.Text));
                if (found.Count >= maxItems)
                {
                    break;
                }
            }

            return found;
        }
    }

    private static string Write(string prompt, ExecutionOutcome outcome)
    {
        var text = new StringBuilder(prompt.Length + 1024).Append("{\"prompt\": ").Append(prompt).Append(", \"outputs\": ");
        PythonJson.Write(text, outcome.Outputs);
        text.Append(", \"status\": {\"status_str\": ");
        PythonJson.WriteString(text, outcome.StatusText);
        text.Append(", \"completed\": ").Append(outcome.Completed ? "true" : "false").Append(", \"messages\": ");
        PythonJson.Write(text, outcome.Messages);
        text.Append("}, \"meta\": ");
        PythonJson.Write(text, outcome.Meta);
        return text.Append('}').ToString();
    }

    private void RemoveNode(LinkedListNode<Entry> node)
    {
        _bytes -= node.Value.Text.Length;
        _byId.Remove(node.Value.Id);
        _order.Remove(node);
    }

    private readonly record struct Entry(string Id, byte[] Text);
}
