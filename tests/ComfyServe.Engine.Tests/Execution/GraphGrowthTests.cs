using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>What a graph costs grows with its nodes and links, not with their square: visits are counted, not time.</summary>
public sealed class GraphGrowthTests : IDisposable
{
    private readonly Bench _bench = new(withTestNodes: true);

    public static TheoryData<string> Shapes => [.. Graphs.Keys];

    /// <summary>Each shape with about as many nodes as asked for.</summary>
    private static Dictionary<string, Func<int, JsonObject>> Graphs { get; } = new()
    {
        ["chain"] = count => Graph(count, i => i == 0 ? Node("PrimitiveInt", ("value", 1)) : Node("PrimitiveInt", ("value", Link(i - 1))), Show),
        ["one source, many outputs"] = count => Graph(count, i => i == 0 ? Node("PrimitiveInt", ("value", 1)) : Node("PreviewAny", ("source", Link(0)))),
        ["outputs without links"] = count => Graph(count, i => Node("PreviewAny", ("source", i))),
        ["many roots into a chain"] = count => Graph(count, i => i < count / 2
            ? Node("PrimitiveString", ("value", $"{i}"))
            : Node("ToyMany", ("in0", Link(i - (count / 2))), ("in1", Link(i == count / 2 ? 0 : i - 1))), Show),
        ["diamonds"] = count => Graph(count, i => i == 0 ? Node("PrimitiveString", ("value", "")) : Node("ToyMany", ("in0", Link(i - 1)), ("in1", Link(i / 2))), Show),
        ["lazy chain"] = count => Graph(count, i => i == 0
            ? Node("ToyText", ("value", "x"))
            : Node("ToyPick", ("first", i % 2 == 0), ("one", Link(i - 1)), ("two", Link(i - 1))), Show),
    };

    public void Dispose() => _bench.Dispose();

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Schedule_FourTimesTheNodes_LooksAtFourTimesAsMuch(string shape)
    {
        var (small, large) = (Visits(Graphs[shape](200)), Visits(Graphs[shape](800)));

        Assert.InRange(large, small, small * 5);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Validate_FourTimesTheNodes_LooksAtFourTimesAsMuch(string shape)
    {
        var (small, large) = (_bench.Validator.Validate(Graphs[shape](200), null), _bench.Validator.Validate(Graphs[shape](800), null));

        Assert.True(small.IsValid && large.IsValid);
        Assert.InRange(large.Visits, small.Visits, small.Visits * 5);
    }

    [Fact]
    public void Schedule_AnyGraph_TakesTheReadyNodeOfTheLeastRank()
    {
        var graph = new PromptGraph(Graphs["diamonds"](50), _bench.Catalogue);
        var schedule = new ExecutionSchedule(graph, _ => false);
        schedule.Add("show");

        var order = new List<string>();
        while (schedule.Next() is { } node)
        {
            order.Add(node.Id);
            schedule.Complete(node.Id);
        }

        Assert.Equal([.. Enumerable.Range(0, 50).Select(i => $"{i}"), "show"], order);
    }

    [Fact]
    public void Validate_SixtyThousandBadNodes_TellsAThousandAndCountsTheRest()
    {
        var prompt = Graph(60_000, _ => Node("PreviewAny"));

        var validation = _bench.Validator.Validate(prompt, null);

        Assert.Equal(NodeErrorReport.MostErrors, validation.NodeErrors.Count);
        Assert.Equal(59_000, validation.ErrorsLeftOut);
        Assert.EndsWith("and 59000 more errors; mend those that are shown and send the prompt again", (string)validation.Error!["details"]!);
        Assert.Equal(NodeErrorReport.MostOutputs, validation.NodeErrors["0"]!["dependent_outputs"]!.AsArray().Count);
        Assert.Equal(59_900, (int)validation.NodeErrors["0"]!["dependent_outputs_left_out"]!);
        Assert.InRange(validation.Visits, 60_000, 200_000);
    }

    [Fact]
    public void Validate_FewErrors_AreToldInFull()
    {
        var validation = _bench.Validate("""{"1": {"class_type": "PreviewAny", "inputs": {}}, "2": {"class_type": "PreviewAny", "inputs": {}}}""");

        Assert.Equal(0, validation.ErrorsLeftOut);
        Assert.Equal("""["1","2"]""", validation.NodeErrors["1"]!["dependent_outputs"]!.ToJsonString());
        Assert.False(validation.NodeErrors["1"]!.AsObject().ContainsKey("dependent_outputs_left_out"));
    }

    [Fact]
    public void Run_ThousandsOfOutputs_TellProgressOfBoundedNodes()
    {
        var (outcome, run) = _bench.Run(Graphs["one source, many outputs"](2000).ToJsonString());

        var told = run.Messages.Where(m => m.Type == "progress_state").Sum(m => m.Data["nodes"]!.AsObject().Count);
        Assert.Equal("success", outcome.StatusText);
        Assert.Equal(1999, outcome.Outputs.Count);
        Assert.InRange(told, ProgressBoard.MostNodes, 2 * ProgressBoard.MostNodes * ProgressBoard.MostNodes);
    }

    [Fact]
    public void Run_NobodyListens_WritesNoProgress()
    {
        var (_, run) = _bench.Run(Graphs["chain"](5).ToJsonString(), new RecordedRun { IsHeard = false });

        Assert.DoesNotContain(run.Messages, m => m.Type == "progress_state");
    }

    [Fact]
    public void Run_EqualOutputsWhereNothingIsKept_ShowsEach()
    {
        var executor = new PromptExecutor(_bench.Catalogue, _bench.Folders, _bench.Models, _bench.Clock, new Random(1), keptResults: 0);

        var (outcome, _) = _bench.Run(Graphs["one source, many outputs"](500).ToJsonString(), executor);

        Assert.Equal(499, outcome.Outputs.Count);
    }

    private long Visits(JsonObject prompt)
    {
        var graph = new PromptGraph(prompt, _bench.Catalogue);
        var schedule = new ExecutionSchedule(graph, _ => false);
        foreach (var output in graph.Nodes.Where(n => n.Class.Node.IsOutput))
        {
            schedule.Add(output.Id);
        }

        while (schedule.Next() is { } node)
        {
            if (node.Class.Name == "ToyPick" && !schedule.IsLinked($"{int.Parse(node.Id) - 1}", node.Id))
            {
                schedule.AddInput(node, "one");
                continue;
            }

            schedule.Complete(node.Id);
        }

        Assert.True(schedule.IsEmpty);
        return schedule.Visits;
    }

    private static JsonObject Graph(int count, Func<int, JsonObject> node, Func<int, JsonObject>? last = null)
    {
        var graph = new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)node(i))));
        if (last is not null)
        {
            graph["show"] = last(count - 1);
        }

        return graph;
    }

    private static JsonObject Show(int last) => Node("PreviewAny", ("source", Link(last)));

    private static JsonArray Link(int node) => new($"{node}", 0);

    private static JsonObject Node(string type, params (string Name, JsonNode Value)[] inputs) => new()
    {
        ["class_type"] = type,
        ["inputs"] = new JsonObject(inputs.Select(i => KeyValuePair.Create(i.Name, (JsonNode?)i.Value))),
    };
}
