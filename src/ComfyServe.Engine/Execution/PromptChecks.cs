using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Checks nodes after the nodes that they are linked to, each once. An explicit stack instead of recursion: neither a
/// cycle nor a chain of any length can exhaust the thread's stack.
/// </summary>
internal sealed class PromptChecks(JsonObject prompt, IReadOnlyDictionary<string, NodeDescriptor> nodes, InputCheck inputs, ErrorBudget budget)
{
    private readonly Dictionary<string, NodeCheck> _done = new(StringComparer.Ordinal);
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);

    /// <summary>The checks that found mistakes, in the order in which they ended.</summary>
    public List<NodeCheck> Failed { get; } = [];

    /// <summary>Number of checks and links that were looked at so far, for tests.</summary>
    public long Visits { get; private set; }

    /// <summary>Checks a node and all that it is linked to.</summary>
    public NodeCheck Run(string id)
    {
        if (_done.TryGetValue(id, out var known))
        {
            return known;
        }

        var stack = new Stack<NodeCheck>();
        stack.Push(Begin(id));
        while (true)
        {
            var top = stack.Peek();
            if (top.Steps!.MoveNext())
            {
                Descend(stack, top);
                continue;
            }

            stack.Pop();
            End(top, stack.TryPeek(out var consumer) ? consumer : null);
            if (consumer is null)
            {
                return top;
            }
        }
    }

    private void Descend(Stack<NodeCheck> stack, NodeCheck consumer)
    {
        Visits++;
        var id = consumer.Steps!.Current.NodeId;
        if (_done.TryGetValue(id, out var known))
        {
            consumer.IsValid &= known.IsValid;
        }
        else if (_underWay.Contains(id))
        {
            consumer.IsValid = false; // A cycle: ComfyUI's recursion overflows, and it reports no error for any node.
        }
        else
        {
            stack.Push(Begin(id));
        }
    }

    private NodeCheck Begin(string id)
    {
        Visits++;
        _underWay.Add(id);
        var entry = prompt[id]!.AsObject();
        var check = new NodeCheck(id, nodes[id], entry["inputs"], budget);
        if (!entry.ContainsKey("inputs"))
        {
            check.Fault = ValidationFault.Key("inputs");
        }

        check.Steps = inputs.Steps(check).GetEnumerator();
        return check;
    }

    private void End(NodeCheck check, NodeCheck? consumer)
    {
        check.Steps!.Dispose();
        _underWay.Remove(check.Id);
        if (check.Fault is { } fault)
        {
            check.Replace(() => consumer is null
                ? ValidationErrors.Fault(fault)
                : ValidationErrors.InnerFault(consumer.Steps!.Current.Input.Name, inputs.Config(consumer, consumer.Steps.Current.Input), fault, consumer.Steps.Current.Link));
        }

        _done[check.Id] = check;
        if (check.Errors.Count > 0)
        {
            Failed.Add(check);
        }

        if (consumer is not null)
        {
            consumer.IsValid &= check.IsValid;
        }
    }
}
