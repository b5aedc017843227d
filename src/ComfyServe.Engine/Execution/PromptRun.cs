using System.Globalization;
using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>One run of a prompt: stages nodes until none is left or one fails, and reports.</summary>
internal sealed class PromptRun
{
    private readonly ExecutionServices _services;
    private readonly QueuedPrompt _prompt;
    private readonly IExecutionListener _listener;
    private readonly RunJournal _journal;
    private readonly string _number;
    private readonly RunEnd _end;
    private readonly List<string> _executed = [];
    private NodeFailure? _failure;

    /// <summary>Prepares a run.</summary>
    /// <param name="services">What outlives the run.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="listener">Where to report.</param>
    /// <param name="number">Unlike that of every other run.</param>
    /// <param name="end">The end that does not come from the nodes.</param>
    public PromptRun(ExecutionServices services, QueuedPrompt prompt, IExecutionListener listener, long number, RunEnd end)
    {
        (_services, _prompt, _listener, _end) = (services, prompt, listener, end);
        _number = number.ToString(CultureInfo.InvariantCulture);
        _journal = new RunJournal(prompt.PromptId, listener, services.Clock);
    }

    /// <summary>The run ended because memory ran out.</summary>
    public bool IsMemoryExhausted => _failure?.IsMemoryExhausted == true;

    /// <summary>Runs the prompt.</summary>
    public ExecutionOutcome Execute()
    {
        _journal.Start();
        var graph = new PromptGraph(_prompt.Prompt, _services.Catalogue);
        using var runner = new NodeRunner(_services, _prompt, graph, _listener, _executed, _end.Token);
        if (Prepare(graph, runner))
        {
            RunNodes(graph, runner);
        }

        _listener.Current(null);
        if (_failure is { IsInterrupt: true } && _end.Overdue is { } reason)
        {
            _failure = NodeFailure.Overdue(_failure.NodeId, reason);
        }

        if (_failure is null)
        {
            _journal.Success();
        }
        else
        {
            Report(_failure, graph);
        }

        var (outputs, meta) = Shown(graph);
        return new ExecutionOutcome(_failure is null ? "success" : "error", _failure is null, _journal.Messages, outputs, meta);
    }

    /// <summary>Signs the prompt's nodes and says which need not run.</summary>
    private bool Prepare(PromptGraph graph, NodeRunner runner)
    {
        try
        {
            _services.Results.Begin(graph, new PromptSignatures(graph, id => runner.Context(graph[id], 0), _number, _end.Token));
            _services.Instances.Begin(graph);
        }
        catch (OperationCanceledException) when (_end.Token.IsCancellationRequested)
        {
            _services.Results.Clear();
            _failure = NodeFailure.Interrupt(_prompt.OutputsToExecute[0]);
        }

        _journal.Cached(graph.PromptIds.Where(runner.IsCached));
        return _failure is null;
    }

    private void RunNodes(PromptGraph graph, NodeRunner runner)
    {
        foreach (var output in _prompt.OutputsToExecute)
        {
            runner.Schedule.Add(output);
        }

        while (_failure is null && !runner.Schedule.IsEmpty)
        {
            if (runner.Schedule.Next() is not { } node)
            {
                _failure = NodeFailure.Cycle(Blamed(runner.Schedule.Cycle()));
            }
            else
            {
                _failure = runner.Run(node);
            }
        }
    }

    /// <summary>A cycle of the prompt's own nodes does not pass validation: an expansion is to blame.</summary>
    private static string Blamed(IReadOnlyList<GraphNode> cycle) =>
        (cycle.FirstOrDefault(n => n.Place.ParentNodeId is not null) ?? cycle[0]).Place.RealNodeId;

    private void Report(NodeFailure failure, PromptGraph graph)
    {
        var data = new JsonObject
        {
            ["prompt_id"] = _prompt.PromptId,
            ["node_id"] = failure.NodeId,
            ["node_type"] = graph[failure.NodeId].Class.Name,
            ["executed"] = RunJournal.Texts(_executed),
        };
        if (failure.IsInterrupt)
        {
            _journal.Add("execution_interrupted", data, Audience.ClientOrAll);
            return;
        }

        data["exception_message"] = failure.Message;
        data["exception_type"] = failure.Type;
        data["traceback"] = RunJournal.Texts(failure.Traceback);
        data["current_inputs"] = failure.Inputs.DeepClone();
        data["current_outputs"] = RunJournal.Texts(_services.Results.KnownIds);
        _journal.Add("execution_error", data);
    }

    /// <summary>What the prompt's nodes showed, in this run or in the earlier one that is cached. Of a run that ended because they
    /// show too much, as much as is allowed: equal nodes share a result.</summary>
    private (JsonObject Outputs, JsonObject Meta) Shown(PromptGraph graph)
    {
        var (outputs, meta) = (new JsonObject(), new JsonObject());
        var size = 0L;
        foreach (var node in graph.Nodes)
        {
            if (_services.Results.Find(node.Id) is { Ui: { } ui, Place: { } place } && (size += JsonSize.Of(ui)) <= _services.Limits.Shown)
            {
                outputs[node.Id] = ui.DeepClone();
                meta[node.Id] = new JsonObject
                {
                    ["node_id"] = place.NodeId,
                    ["display_node"] = place.DisplayNodeId,
                    ["parent_node"] = place.ParentNodeId,
                    ["real_node_id"] = place.RealNodeId,
                };
            }
        }

        return (outputs, meta);
    }
}
