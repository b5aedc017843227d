using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Lists, lazy inputs, expansions and blocks.</summary>
public sealed class NodeCallTests : IDisposable
{
    private const string Pair = """{"class_type": "ToyPair", "inputs": {"first": "a", "second": "b"}}""";

    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Run_ListIntoANode_CallsItForEachElement()
    {
        Assert.Equal(["a+x", "b+x"], Shown($$$$"""{"1": {{{{Pair}}}}, "2": {"class_type": "ToyJoin", "inputs": {"left": ["1", 0], "right": "x"}}}""", "2"));
    }

    [Fact]
    public void Run_ListsOfUnequalLength_RepeatTheLast()
    {
        Assert.Equal(
            ["a+a+x", "b+b+x"],
            Shown(
                $$$$"""
                {"1": {{{{Pair}}}}, "2": {"class_type": "ToyText", "inputs": {"value": "x"}},
                 "3": {"class_type": "ToyJoin", "inputs": {"left": ["1", 0], "right": ["2", 0]}},
                 "4": {"class_type": "ToyJoin", "inputs": {"left": ["1", 0], "right": ["3", 0]}}}
                """,
                "4"));
    }

    [Fact]
    public void Run_NodeThatTakesLists_IsCalledOnceWithThemWhole()
    {
        Assert.Equal(["12"], Shown($$$$"""{"1": {{{{Pair}}}}, "2": {"class_type": "ToyCount", "inputs": {"values": ["1", 0], "add": 10}}}""", "2"));
    }

    [Fact]
    public void Run_EmptyList_IsAnErrorOfTheConsumer()
    {
        var (outcome, run) = _bench.Run(WithShow("""{"1": {"class_type": "ToyNone", "inputs": {}}}""", "1"));

        Assert.False(outcome.Completed);
        Assert.Equal(("IndexError", "show"), ((string?)run.Single("execution_error")["exception_type"], (string?)run.Single("execution_error")["node_id"]));
    }

    [Fact]
    public void Run_ImagesOfTwoSizes_AreOneExecutedMessage()
    {
        var (_, run) = _bench.Run("""
            {"1": {"class_type": "ToySizes", "inputs": {}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
            """);

        var files = run.Single("executed")["output"]!["images"]!.AsArray().Select(f => (string)f!["filename"]!).ToList();
        Assert.Equal(2, files.Count);
        Assert.EndsWith("_00001_.png", files[0], StringComparison.Ordinal);
        Assert.EndsWith("_00002_.png", files[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Run_LazyInput_RunsOnlyWhatIsAskedFor()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyText", "inputs": {"value": "yes"}}, "2": {"class_type": "ToyFail", "inputs": {"value": "never"}},
             "3": {"class_type": "ToyPick", "inputs": {"first": true, "one": ["1", 0], "two": ["2", 0]}}}
            """;

        var (outcome, run) = _bench.Run(WithShow(Prompt, "3"));

        Assert.True(outcome.Completed);
        Assert.Equal(["3", "1", "3", "show"], run.Executing);
        Assert.Equal("yes", (string?)run.Single("executed")["output"]!["text"]![0]);
    }

    [Fact]
    public void Run_Expansion_RunsTheChildrenThenTheParent()
    {
        var (outcome, run) = _bench.Run(WithShow("""{"4": {"class_type": "ToyTwice", "inputs": {"value": "v"}}}""", "4"));

        Assert.True(outcome.Completed);
        Assert.Equal(["4", "4.0.0.1", "4.0.0.2", "show"], run.Executing);
        Assert.Equal("4", (string?)run.Messages.Single(m => m.Type == "executing" && (string?)m.Data["node"] == "4.0.0.1").Data["display_node"]);
        Assert.Equal("v+v", (string?)run.Single("executed")["output"]!["text"]![0]);
        var child = run.Messages.Last(m => m.Type == "progress_state").Data["nodes"]!["4.0.0.2"]!;
        Assert.Equal(("4", "4", "4"), ((string?)child["display_node_id"], (string?)child["parent_node_id"], (string?)child["real_node_id"]));
        Assert.Equal(["4", "4.0.0.1", "4.0.0.2", "show"], run.Messages.Last(m => m.Type == "progress_state").Data["nodes"]!.AsObject().Select(n => n.Key));
    }

    [Fact]
    public void Run_ExpansionAgain_IsCachedWithItsParent()
    {
        var prompt = WithShow("""{"4": {"class_type": "ToyTwice", "inputs": {"value": "v"}}}""", "4");
        _bench.Run(prompt);

        var (_, run) = _bench.Run(prompt);

        Assert.Empty(run.Executing);
        Assert.Equal("execution_cached 4,show", run.Story[1]);
    }

    [Fact]
    public void Run_ExpansionForEachElement_HasIdsOfItsOwn()
    {
        Assert.Equal(["a+a", "b+b"], Shown($$$$"""{"1": {{{{Pair}}}}, "4": {"class_type": "ToyTwice", "inputs": {"value": ["1", 0]}}}""", "4"));
    }

    [Fact]
    public void Run_ExpansionThatWaitsForItself_IsACycleErrorOfItsNode()
    {
        var (outcome, run) = _bench.Run(WithShow("""{"4": {"class_type": "ToyLoop", "inputs": {}}}""", "4"));

        Assert.False(outcome.Completed);
        var error = run.Single("execution_error");
        Assert.Equal(("graph.DependencyCycleError", "4", "ToyLoop"), ((string?)error["exception_type"], (string?)error["node_id"], (string?)error["node_type"]));
    }

    [Fact]
    public void Run_BlockWithAMessage_IsReportedOnceAndTheRunGoesOn()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyBlock", "inputs": {"open": false, "message": "closed"}},
             "2": {"class_type": "ToyJoin", "inputs": {"left": ["1", 0], "right": "x"}},
             "3": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}},
             "5": {"class_type": "ToyShow", "inputs": {"value": ["1", 1]}}}
            """;

        var (outcome, run) = _bench.Run(Prompt);

        Assert.True(outcome.Completed);
        var block = run.Single("execution_error");
        Assert.Equal(("ExecutionBlocked", "Execution Blocked: closed", "2"), ((string?)block["exception_type"], (string?)block["exception_message"], (string?)block["node_id"]));
        Assert.False(block.ContainsKey("timestamp"));
        Assert.DoesNotContain(outcome.Messages, m => (string?)m![0] == "execution_error");
        Assert.Equal("execution_success", run.Story[^1]);
        Assert.Equal(["5"], outcome.Outputs.Select(o => o.Key));
    }

    [Fact]
    public void Run_SilentBlock_SkipsWithoutAWord()
    {
        var (outcome, run) = _bench.Run(WithShow("""{"1": {"class_type": "ToyBlock", "inputs": {"open": false, "message": ""}}}""", "1"));

        Assert.True(outcome.Completed);
        Assert.DoesNotContain("execution_error", run.Story);
        Assert.Empty(outcome.Outputs);
    }

    private IEnumerable<string> Shown(string nodes, string id)
    {
        var (outcome, run) = _bench.Run(WithShow(nodes, id));
        Assert.True(outcome.Completed, run.Messages[^1].Data.ToJsonString());
        return [.. run.Single("executed")["output"]!["text"]!.AsArray().Select(t => (string)t!)];
    }

    private static string WithShow(string nodes, string id)
    {
        var prompt = JsonNode.Parse(nodes)!;
        prompt["show"] = JsonNode.Parse($$$$"""{"class_type": "ToyShow", "inputs": {"value": ["{{{{id}}}}", 0]}}""");
        return prompt.ToJsonString();
    }
}
