using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>Runs the nodes of one prompt, one at a time, and reports each.</summary>
internal sealed class NodeRunner : IDisposable
{
    /// <summary>Most ids that the message of a block names.</summary>
    private const int MostExecuted = 1000;

    private readonly ExecutionServices _services;
    private readonly QueuedPrompt _prompt;
    private readonly PromptGraph _graph;
    private readonly IExecutionListener _listener;
    private readonly List<string> _executed;
    private readonly CancellationToken _interrupted;
    private readonly ProgressBoard _board;
    private readonly PendingExpansions _expansions;

    /// <summary>Bytes of what nodes showed so far.</summary>
    private long _shown;

    /// <summary>Prepares the runs of a prompt's nodes.</summary>
    /// <param name="services">What outlives the run.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="graph">Its nodes.</param>
    /// <param name="listener">Where to report.</param>
    /// <param name="executed">Receives the ids of the nodes that ran.</param>
    /// <param name="interrupted">Cancelled when the user interrupts.</param>
    public NodeRunner(
        ExecutionServices services, QueuedPrompt prompt, PromptGraph graph, IExecutionListener listener, List<string> executed, CancellationToken interrupted)
    {
        (_services, _prompt, _graph, _listener, _executed, _interrupted) = (services, prompt, graph, listener, executed, interrupted);
        _board = new ProgressBoard(prompt.PromptId, listener, services.Clock);
        Schedule = new ExecutionSchedule(graph, IsCached, services.Results.DropsWhatIsUsedUp ? services.Results.Wanted : null);
        _expansions = new PendingExpansions(services, graph, Schedule);
    }

    /// <summary>The nodes that have not run.</summary>
    public ExecutionSchedule Schedule { get; }

    /// <summary>Whether a node's result is there.</summary>
    public bool IsCached(string nodeId) => _services.Results.Find(nodeId)?.Outputs is not null;

    /// <summary>Runs a node, or one stage of it.</summary>
    /// <returns>Why it failed; null where it did not.</returns>
    public NodeFailure? Run(GraphNode node)
    {
        NodeInputs? inputs = null;
        try
        {
            if (IsCached(node.Id))
            {
                Recall(node);
                return null;
            }

            if (!Stage(node, ref inputs))
            {
                return null;
            }
        }
        catch (OperationCanceledException) when (_interrupted.IsCancellationRequested)
        {
            return NodeFailure.Interrupt(node.Place.RealNodeId);
        }
#pragma warning disable CA1031 // A node's own code: whatever it throws ends the run with an error that names the node.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return NodeFailure.Of(node.Place.RealNodeId, exception, inputs);
        }

        _board.Finish(node.Place);
        _executed.Add(node.Id);
        Complete(node);
        return null;
    }

    /// <summary>What a node's method may use.</summary>
    public NodeContext Context(GraphNode node, int call) => new()
    {
        Folders = _services.Folders,
        Models = _services.Models,
        NodeId = node.Id,
        PromptId = _prompt.PromptId,
        Interrupted = _interrupted,
        Clock = _services.Clock,
        Random = _services.Random,
        Call = call,
        Limits = _services.Limits,
        Gate = _services.Gate,
        Listener = new NodeProgress(node.Place, _prompt.PromptId, _board, _listener),
    };

    /// <inheritdoc />
    public void Dispose() => _expansions.Dispose();

    /// <summary>Tells of a result that is there.</summary>
    private void Recall(GraphNode node)
    {
        var ui = _services.Results.Find(node.Id)!.Ui;
        if (ui is not null)
        {
            CountShown(ui);
        }

        Executed(node, ui);
        _board.Finish(node.Place);
        Complete(node);
    }

    /// <summary>Runs a stage; false where the node waits for more nodes.</summary>
    private bool Stage(GraphNode node, ref NodeInputs? inputs)
    {
        if (_expansions.TryResolve(node, out var resolved))
        {
            Keep(node, resolved);
            _expansions.Complete(node);
            return true;
        }

        _board.Start(node.Place);
        var resolvedInputs = inputs = NodeInputs.Resolve(node, id => OutputsFor(node, id), hidden => Hidden(node, hidden));
        _listener.Current(node.Place.DisplayNodeId);
        _listener.Send(
            "executing",
            new() { ["node"] = node.Id, ["display_node"] = node.Place.DisplayNodeId, ["prompt_id"] = _prompt.PromptId },
            Audience.Client);

        // As ComfyUI, which looks right before it calls: the node that the run ends at was told of already.
        _interrupted.ThrowIfCancellationRequested();
        using var scope = torch.NewDisposeScope();
        var calls = new NodeCalls(
            node.Class, _services.Instances.Of(node, _graph), resolvedInputs, call => Context(node, call), message => Blocked(node, message), _services);
        var needed = calls.NeededInputs();
        if (needed.Count > 0)
        {
            foreach (var input in needed)
            {
                Schedule.AddInput(node, input);
            }

            return false;
        }

        var results = calls.Run();
        Show(node, NodeCalls.MergeUi(results));
        if (results.Any(r => r.Graph is not null))
        {
            _expansions.Add(node, results);
            return false;
        }

        Keep(node, NodeCalls.Merge(node.Class, [.. results.Select(r => r.Values)], _services.Limits));
        return true;
    }

    private void Complete(GraphNode node)
    {
        Schedule.Complete(node.Id);
        if (!_services.Results.DropsWhatIsUsedUp)
        {
            return;
        }

        foreach (var source in Schedule.SourcesOf(node.Id))
        {
            _services.Results.UsedUp(source);
        }

        _services.Results.UsedUp(node.Id);
    }

    private IReadOnlyList<IReadOnlyList<object?>>? OutputsFor(GraphNode node, string source) =>
        Schedule.IsLinked(source, node.Id) ? _services.Results.Find(source)?.Outputs : null;

    private JsonNode? Hidden(GraphNode node, HiddenInput hidden) => hidden switch
    {
        HiddenInput.Prompt => _graph.PromptWithStates,
        HiddenInput.ExtraPngInfo => _prompt.ExtraData["extra_pnginfo"],
        HiddenInput.UniqueId => node.Id,
        _ => _graph.Snapshot(),
    };

    private void Keep(GraphNode node, IReadOnlyList<IReadOnlyList<object?>> outputs)
    {
        var result = _services.Results.FindOrAdd(node.Id);
        result.Held = _services.Tensors.Hold(outputs.SelectMany(slot => slot));
        result.Outputs = outputs;
    }

    private void Show(GraphNode node, JsonObject? ui)
    {
        if (ui is not null)
        {
            CountShown(ui);
            var result = _services.Results.FindOrAdd(node.Id);
            (result.Ui, result.Place) = (ui, node.Place);
            Executed(node, ui);
        }
    }

    private void CountShown(JsonObject ui)
    {
        _shown += JsonSize.Of(ui);
        _services.Limits.CheckShown(_shown);
    }

    private void Executed(GraphNode node, JsonObject? ui) => _listener.Send(
        "executed",
        new() { ["node"] = node.Id, ["display_node"] = node.Place.DisplayNodeId, ["output"] = ui?.DeepClone(), ["prompt_id"] = _prompt.PromptId },
        Audience.Client);

    /// <summary>The newest of the nodes that ran: with all of them, many blocks would make a square.</summary>
    private JsonArray NewestExecuted() => RunJournal.Texts(_executed.Skip(_executed.Count - MostExecuted));

    /// <summary>A block's message is shown as an error, though the run goes on; the history does not keep it.</summary>
    private void Blocked(GraphNode node, string message) => _listener.Send(
        "execution_error",
        new()
        {
            ["prompt_id"] = _prompt.PromptId,
            ["node_id"] = node.Id,
            ["node_type"] = node.Class.Name,
            ["executed"] = NewestExecuted(),
            ["exception_message"] = $"Execution Blocked: {message}",
            ["exception_type"] = "ExecutionBlocked",
            ["traceback"] = new JsonArray(),
            ["current_inputs"] = new JsonArray(),
            ["current_outputs"] = new JsonArray(),
        },
        Audience.Client);
}
