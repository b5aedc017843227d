using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Every run ends, and what it makes is bounded before it is made.</summary>
public sealed class RunEndTests : IDisposable
{
    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Run_LongerThanItsBudget_EndsWithATimeout()
    {
        var (outcome, run) = _bench.Run(Waits, Expiring(6), new JsonObject { ["client_id"] = "me", ["run_seconds"] = 5 });

        Assert.Equal("error", outcome.StatusText);
        Assert.Equal("TimeoutError", (string?)run.Single("execution_error")["exception_type"]);
        Assert.Equal("The run took longer than the 5 s that it was given; give it more ('run' of the request's budgets)", (string?)run.Single("execution_error")["exception_message"]);
    }

    [Fact]
    public void Run_LongerThanTheEngineAllows_EndsWhateverTheCallerAsks()
    {
        var executor = Executor(new RunLimits { Run = TimeSpan.FromSeconds(3) });

        var (_, run) = _bench.Run(Waits, executor, Expiring(4), new JsonObject { ["run_seconds"] = 500 });

        Assert.EndsWith("that is limit 'run' of the engine: start it with --limit run=…", (string?)run.Single("execution_error")["exception_message"]);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1e300")]
    [InlineData("\"5\"")]
    [InlineData("null")]
    [InlineData("[5]")]
    public void Budget_NoUsableNumber_IsNone(string seconds) =>
        Assert.Null(new QueuedPrompt(0, "a", [], JsonNode.Parse($$"""{"run_seconds": {{seconds}}}""")!.AsObject(), []).Budget);

    [Fact]
    public void Run_OnceOverdue_LeavesTheNextOneAlone()
    {
        _ = _bench.Run(Waits, Expiring(6), new JsonObject { ["run_seconds"] = 5 });

        var (outcome, _) = _bench.Run("""{"1": {"class_type": "ToyShow", "inputs": {"value": "x"}}}""", extra: new JsonObject { ["run_seconds"] = 5 });

        Assert.True(outcome.Completed);
    }

    [Fact]
    public void Run_GoesOnAfterItsEnd_IsGivenUp()
    {
        string? reason = null;
        var executor = new PromptExecutor(
            _bench.Catalogue, _bench.Folders, _bench.Models, _bench.Clock, new Random(1), limits: new RunLimits { Stuck = TimeSpan.FromSeconds(10) }, giveUp: r => reason = r);
        var listener = Expiring(6);
        var end = listener.OnMessage!;
        listener.OnMessage = (type, data) =>
        {
            end(type, data);
            _bench.Clock.Advance(TimeSpan.FromSeconds(11));
        };

        _ = _bench.Run(Waits, executor, listener, new JsonObject { ["run_seconds"] = 5 });

        Assert.Contains("went on for 10 s after the run had ended (limit 'stuck')", reason);
    }

    [Theory]
    [InlineData("text", "StringConcatenate", """{"string_a": "aaaaaa", "string_b": "bbbbbb", "delimiter": ""}""")]
    [InlineData("text", "StringReplace", """{"string": "aaaaaa", "find": "a", "replace": "bb"}""")]
    [InlineData("text", "StringReplace", """{"string": "aaaaaa", "find": "", "replace": "b"}""")]
    [InlineData("text", "RegexReplace", """{"string": "aaaaaa", "regex_pattern": "a", "replace": "bb"}""")]
    [InlineData("text", "RegexReplace", """{"string": "aaaaaa", "regex_pattern": "(a)(?=a)", "replace": "\\1\\1\\1"}""")]
    [InlineData("text", "RegexExtract", """{"string": "aaaaaa", "regex_pattern": "a", "mode": "All Matches", "case_insensitive": true, "multiline": false, "dotall": false, "group_index": 1}""")]
    [InlineData("text", "PrimitiveString", """{"value": "aaaaaaaaaaaaaaa"}""")]
    [InlineData("pattern", "RegexMatch", """{"string": "a", "regex_pattern": "aaaaaaaaaaa", "case_insensitive": true, "multiline": false, "dotall": false}""")]
    public void Run_TextGrowsBeyondTheLimit_IsRefusedByName(string limit, string type, string inputs)
    {
        var executor = Executor(new RunLimits { Text = 10, Pattern = 10 });

        var (_, run) = _bench.Run($$$"""{"1": {"class_type": "{{{type}}}", "inputs": {{{inputs}}} }, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]} } }""", executor);

        Exceeded(limit, run);
    }

    [Fact]
    public void Run_SigmasMultiply_AreRefusedByName()
    {
        var graph = new JsonObject { ["0"] = Node("KarrasScheduler", ("steps", 100), ("sigma_max", 14.0), ("sigma_min", 0.03), ("rho", 7.0)) };
        for (var i = 1; i < 6; i++)
        {
            graph[$"{i}"] = Node("ExtendIntermediateSigmas", ("sigmas", Link(i - 1)), ("steps", 100), ("start_at_sigma", -1.0), ("end_at_sigma", 0.0), ("spacing", "linear"));
        }

        graph["show"] = Node("PreviewAny", ("source", Link(5)));

        Exceeded("list", _bench.Run(graph.ToJsonString()).Run);
    }

    [Fact]
    public void Run_ListLongerThanTheLimit_IsRefusedByName()
    {
        var executor = Executor(new RunLimits { List = 1 });

        Exceeded("list", _bench.Run("""{"1": {"class_type": "ToyPair", "inputs": {"first": "a", "second": "b"}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""", executor).Run);
    }

    [Fact]
    public void Run_NodesShowMoreThanTheLimit_IsRefusedByNameAndTheHistoryStaysSmall()
    {
        var executor = Executor(new RunLimits { Shown = 10_000 });
        var graph = new JsonObject(Enumerable.Range(0, 20).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)Node("ToyShow", ("value", new string('é', 200))))));

        var (outcome, run) = _bench.Run(graph.ToJsonString(), executor);

        Exceeded("shown", run);
        Assert.InRange(outcome.Outputs.Count, 1, 10);
    }

    [Fact]
    public void Run_ExpansionsBeyondTheLimits_AreRefusedByName()
    {
        const string Twice = """{"1": {"class_type": "ToyTwice", "inputs": {"value": "a"}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""";

        Exceeded("nodes", _bench.Run(Twice, Executor(new RunLimits { Nodes = 1 })).Run);
        Exceeded("depth", _bench.Run("""{"1": {"class_type": "ToyDeep", "inputs": {"levels": 6}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""", Executor(new RunLimits { Depth = 5 })).Run);
        Assert.True(_bench.Run("""{"1": {"class_type": "ToyDeep", "inputs": {"levels": 5}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""", Executor(new RunLimits { Depth = 5 })).Outcome.Completed);
    }

    [Fact]
    public void Failure_InputsOfMillionsOfCharacters_AreCutInTheError()
    {
        var (outcome, _) = _bench.Run($$"""{"1": {"class_type": "ToyFail", "inputs": {"value": "{{new string('x', 1_000_000)}}"} }, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]} } }""");

        Assert.InRange(outcome.Messages.ToJsonString().Length, 1000, 100_000);
    }

    [Fact]
    public void Set_EveryLimit_IsReadAndMistakesNameIt()
    {
        var limits = new RunLimits().Set(["text=2M", "run=1.5", "memory=3G"]);

        Assert.Equal((2L << 20, TimeSpan.FromSeconds(1.5), 3L << 30), (limits.Text, limits.Run, limits.Memory!.Value));
        foreach (var (name, _) in RunLimits.Names)
        {
            _ = new RunLimits().Set([$"{name}=7"]);
            Assert.Contains($"limit '{name}'", Assert.Throws<FormatException>(() => new RunLimits().Set([$"{name}=x"])).Message);
            Assert.Contains($"limit '{name}'", Assert.Throws<FormatException>(() => new RunLimits().Set([$"{name}=0"])).Message);
        }

        Assert.Contains("limits are run=…, ", Assert.Throws<FormatException>(() => new RunLimits().Set(["colour=1"])).Message);
    }

    private const string Waits = """{"1": {"class_type": "ToyUntilEnd", "inputs": {}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""";

    /// <summary>Time passes once the node has begun.</summary>
    private RecordedRun Expiring(double seconds) => new()
    {
        OnMessage = (type, data) =>
        {
            if (type == "executing" && (string?)data["node"] == "1")
            {
                _bench.Clock.Advance(TimeSpan.FromSeconds(seconds));
            }
        },
    };

    private PromptExecutor Executor(RunLimits limits) =>
        new(_bench.Catalogue, _bench.Folders, _bench.Models, _bench.Clock, new Random(1), limits: limits);

    private static void Exceeded(string limit, RecordedRun run)
    {
        var error = run.Single("execution_error");
        Assert.Equal("LimitExceeded", (string?)error["exception_type"]);
        Assert.Contains($"that is limit '{limit}' of the engine", (string?)error["exception_message"]);
    }

    private static JsonArray Link(int node) => new($"{node}", 0);

    private static JsonObject Node(string type, params (string Name, JsonNode Value)[] inputs) => new()
    {
        ["class_type"] = type,
        ["inputs"] = new JsonObject(inputs.Select(i => KeyValuePair.Create(i.Name, (JsonNode?)i.Value))),
    };
}
