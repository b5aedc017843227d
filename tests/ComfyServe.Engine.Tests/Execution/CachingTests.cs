using ComfyServe.Engine.Execution;

namespace ComfyServe.Engine.Tests.Execution;

public sealed class CachingTests : IDisposable
{
    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Run_OneLiteralChanged_RunsWhatDependsOnIt()
    {
        _bench.Run(Chain("a", "b"));

        var (_, run) = _bench.Run(Chain("a", "c"));

        Assert.Equal("execution_cached 1", run.Story[1]);
        Assert.Equal(["2", "3", "4"], run.Executing);
    }

    [Fact]
    public void Run_RenumberedGraph_IsCached()
    {
        _bench.Run(Chain("a", "b"));

        var (_, run) = _bench.Run("""
            {"40": {"class_type": "ToyShow", "inputs": {"value": ["30", 0]}},
             "30": {"class_type": "ToyJoin", "inputs": {"right": ["20", 0], "left": ["10", 0]}},
             "20": {"class_type": "ToyText", "inputs": {"value": "b"}},
             "10": {"class_type": "ToyText", "inputs": {"value": "a"}}}
            """);

        Assert.Empty(run.Executing);
        Assert.Equal("a+b", (string?)run.Single("executed")["output"]!["text"]![0]);
    }

    [Fact]
    public void Run_TwoEqualNodes_ShareOneResult()
    {
        var (_, run) = _bench.Run(Chain("a", "a"));

        Assert.Single(run.Executing, id => id is "1" or "2");
    }

    [Fact]
    public void Run_NodesThatDependOnTheirId_ShareNothing()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyOwnId", "inputs": {"value": "a"}}, "2": {"class_type": "ToyOwnId", "inputs": {"value": "a"}},
             "3": {"class_type": "ToyJoin", "inputs": {"left": ["1", 0], "right": ["2", 0]}}, "4": {"class_type": "ToyShow", "inputs": {"value": ["3", 0]}}}
            """;

        var (_, first) = _bench.Run(Prompt);
        var (_, second) = _bench.Run(Prompt);

        Assert.Equal("a 1+a 2", (string?)first.Single("executed")["output"]!["text"]![0]);
        Assert.Empty(second.Executing);
    }

    [Fact]
    public void Run_OutsideStateChanges_RunsAgain()
    {
        var file = Path.Combine(_bench.Root, "state.txt");
        var prompt = Show("ToyState", $$$$"""{"file": "{{{{file}}}}"}""");
        File.WriteAllText(file, "one");
        _bench.Run(prompt);

        var (_, same) = _bench.Run(prompt);
        File.WriteAllText(file, "two");
        var (_, changed) = _bench.Run(prompt);

        Assert.Empty(same.Executing);
        Assert.Equal(["1", "2"], changed.Executing);
    }

    [Fact]
    public void Run_StateThatIsNeverEqual_AlwaysRuns()
    {
        var prompt = Show("ToyAlways", """{"value": "a"}""");
        _bench.Run(prompt);

        var (_, run) = _bench.Run(prompt);

        Assert.Equal(["1", "2"], run.Executing);
    }

    [Fact]
    public void Run_AfterAnotherPrompt_HasForgottenTheOneBefore()
    {
        _bench.Run(Chain("a", "b"));
        _bench.Run(Chain("c", "d"));

        var (_, run) = _bench.Run(Chain("a", "b"));

        Assert.Equal(4, run.Executing.Count);
    }

    [Fact]
    public void Run_RecentResultsKept_RemembersThePromptBefore()
    {
        var executor = Executor(keptResults: 4);
        _bench.Run(Chain("a", "b"), executor);
        _bench.Run(Chain("c", "d"), executor);

        var again = _bench.Run(Chain("a", "b"), executor).Run;
        var other = _bench.Run(Chain("e", "f"), executor).Run;
        var evicted = _bench.Run(Chain("c", "d"), executor).Run;

        Assert.Empty(again.Executing);
        Assert.Equal(4, other.Executing.Count);
        Assert.Equal(4, evicted.Executing.Count);
    }

    [Fact]
    public void Run_NothingKept_DropsEachResultWhenItIsUsedUp()
    {
        var executor = Executor(keptResults: 0);
        var held = new List<int>();
        var listener = new RecordedRun { OnMessage = (type, _) => held.Add(type == "executing" ? executor.HeldTensors : 0) };
        const string Prompt = """
            {"1": {"class_type": "ToyNoise", "inputs": {"seed": 1}}, "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
             "3": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}}, "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}}}
            """;

        var (outcome, _) = _bench.Run(Prompt, executor, listener);
        var again = _bench.Run(Prompt, executor).Run;

        Assert.Equal(1, held.Max());
        Assert.Equal(0, executor.HeldTensors);
        Assert.NotNull(outcome.Outputs["4"]);
        Assert.Equal(["1", "2", "3", "4"], again.Executing);
    }

    [Fact]
    public void Run_NothingKeptAndEqualNodes_KeepsTheirResultForBoth()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyNoise", "inputs": {"seed": 1}}, "2": {"class_type": "ToyNoise", "inputs": {"seed": 1}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}, "4": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}},
             "5": {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}}}
            """;

        var (outcome, run) = _bench.Run(Prompt, Executor(keptResults: 0));

        Assert.True(outcome.Completed, run.Messages[^1].Data.ToJsonString());
    }

    [Fact]
    public void Run_ExpansionOfAChangedNode_KeepsTheChildrenThatDidNotChange()
    {
        string Prompt(int seed) => $$$$"""
            {"1": {"class_type": "ToyNoise", "inputs": {"seed": {{{{seed}}}}}}, "2": {"class_type": "ToyWrap", "inputs": {"image": ["1", 0]}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 1]}}}
            """;

        var first = _bench.Run(Prompt(1)).Run;
        var second = _bench.Run(Prompt(2)).Run;

        Assert.Equal(["1", "2", "2.0.0.1", "2.0.0.2", "3"], first.Executing);
        Assert.Equal(["1", "2", "3"], second.Executing);
    }

    [Fact]
    public void Run_NodeWithState_KeepsItsInstanceWhileItStays()
    {
        const string Prompt = """{"1": {"class_type": "EmptyImage", "inputs": {"width": WIDTH, "height": 8, "batch_size": 1, "color": 1}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}""";
        string Name(string width) => (string)_bench.Run(Prompt.Replace("WIDTH", width)).Run.Single("executed")["output"]!["images"]![0]!["filename"]!;

        var (first, second) = (Name("8"), Name("9"));
        _bench.Run(Chain("a", "b"));
        var third = Name("8");

        Assert.Equal(first.Replace("00001", "00002"), second);
        Assert.NotEqual(first[..18], third[..18]);
    }

    [Fact]
    public void ResetCaches_ThenTheSamePrompt_RunsAll()
    {
        _bench.Run(Chain("a", "b"));

        _bench.Executor.ResetCaches();
        var (_, run) = _bench.Run(Chain("a", "b"));

        Assert.Equal(4, run.Executing.Count);
    }

    private static string Chain(string left, string right) => $$$$"""
        {"1": {"class_type": "ToyText", "inputs": {"value": "{{{{left}}}}"}}, "2": {"class_type": "ToyText", "inputs": {"value": "{{{{right}}}}"}},
         "3": {"class_type": "ToyJoin", "inputs": {"left": ["1", 0], "right": ["2", 0]}}, "4": {"class_type": "ToyShow", "inputs": {"value": ["3", 0]}}}
        """;

    private static string Show(string type, string inputs) => $$$$"""
        {"1": {"class_type": "{{{{type}}}}", "inputs": {{{{inputs}}}}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}
        """;

    private PromptExecutor Executor(int keptResults) =>
        new(_bench.Catalogue, _bench.Folders, _bench.Models, _bench.Clock, new Random(1), keptResults);
}
