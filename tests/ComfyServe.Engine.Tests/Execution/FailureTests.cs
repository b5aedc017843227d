namespace ComfyServe.Engine.Tests.Execution;

public sealed class FailureTests : IDisposable
{
    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Run_NodeThrows_ReportsComfyUIsNamesAndStops()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyText", "inputs": {"value": "bad"}}, "2": {"class_type": "ToyFail", "inputs": {"value": ["1", 0]}},
             "3": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}}}
            """;

        var (outcome, run) = _bench.Run(Prompt);

        Assert.Equal(("error", false), (outcome.StatusText, outcome.Completed));
        Assert.Equal(["execution_start", "execution_cached", "execution_error"], outcome.Messages.Select(m => (string?)m![0]));
        var error = run.Single("execution_error");
        Assert.Equal("execution_error", run.Story[^1]);
        Assert.Equal(
            ["prompt_id", "node_id", "node_type", "executed", "exception_message", "exception_type", "traceback", "current_inputs", "current_outputs", "timestamp"],
            error.Select(p => p.Key));
        Assert.Equal(("ValueError", "no good: bad\n"), ((string?)error["exception_type"], (string?)error["exception_message"]));
        Assert.Equal("""["1"]""", error["executed"]!.ToJsonString());
        Assert.Equal("""{"value":["bad"]}""", error["current_inputs"]!.ToJsonString());
        Assert.Equal(["1", "2", "3"], error["current_outputs"]!.AsArray().Select(o => (string?)o).Order());
        Assert.All(error["traceback"]!.AsArray(), line => Assert.EndsWith("\n", (string?)line, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_AfterAFailure_FindsWhatRanBefore()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyText", "inputs": {"value": "v"}}, "2": {"class_type": "TYPE", "inputs": {"value": ["1", 0]}},
             "3": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}}}
            """;
        _bench.Run(Prompt.Replace("TYPE", "ToyFail"));

        var (outcome, run) = _bench.Run(Prompt.Replace("TYPE", "ToyText"));

        Assert.True(outcome.Completed);
        Assert.Equal("execution_cached 1", run.Story[1]);
    }

    [Fact]
    public void Run_OutputBeforeAFailure_IsInTheHistory()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyShow", "inputs": {"value": 1}}, "2": {"class_type": "ToyFail", "inputs": {"value": "x"}},
             "3": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}}}
            """;

        var (outcome, _) = _bench.Run(Prompt);

        Assert.Equal(["1"], outcome.Outputs.Select(o => o.Key));
    }

    [Fact]
    public void Run_MemoryRunsOut_UnloadsModelsAndSaysSo()
    {
        _bench.Models.GetOrLoad("model", () => new object());

        var (outcome, run) = _bench.Run("""
            {"1": {"class_type": "ToyExhaust", "inputs": {}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
            """);

        Assert.False(outcome.Completed);
        var error = run.Single("execution_error");
        Assert.Equal("torch.OutOfMemoryError", (string?)error["exception_type"]);
        Assert.Contains("\nMemory ran out.", (string?)error["exception_message"], StringComparison.Ordinal);
        Assert.Equal(0, _bench.Models.Count);
    }

    [Fact]
    public void Run_InterruptedBetweenSteps_EndsThere()
    {
        var listener = new RecordedRun { OnMessage = (type, data) => Interrupt(type == "progress" && data["value"]!.ToJsonString() == "2") };

        var (outcome, run) = _bench.Run(
            """{"1": {"class_type": "ToySteps", "inputs": {"steps": 9, "value": "v"}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""", listener);

        Assert.Equal(("error", false), (outcome.StatusText, outcome.Completed));
        Assert.Equal(2, run.Messages.Count(m => m.Type == "progress"));
        Assert.Equal(
            """{"prompt_id":"prompt-0","node_id":"1","node_type":"ToySteps","executed":[],"timestamp":1772856309000}""",
            run.Single("execution_interrupted").ToJsonString());
        Assert.Equal("execution_interrupted", (string?)outcome.Messages[^1]![0]);
    }

    [Fact]
    public void Run_InterruptedBetweenNodes_EndsBeforeTheNext()
    {
        var listener = new RecordedRun { OnMessage = (type, data) => Interrupt(type == "executing" && (string?)data["node"] == "2") };

        var (_, run) = _bench.Run("""
            {"1": {"class_type": "ToyText", "inputs": {"value": "v"}}, "2": {"class_type": "ToyText", "inputs": {"value": ["1", 0]}},
             "3": {"class_type": "ToyShow", "inputs": {"value": ["2", 0]}}}
            """, listener);

        Assert.Equal("""["1"]""", run.Single("execution_interrupted")["executed"]!.ToJsonString());
        Assert.Equal(["1", "2"], run.Executing);
    }

    /// <summary>Issue 11: a recorded scenario waited for a `progress_state` that ComfyUI sends and ours did not.</summary>
    [Fact]
    public void Run_InterruptedWhenANodeHasEnded_TellsOfTheNextAndEndsThere()
    {
        var listener = new RecordedRun { OnMessage = (type, data) => Interrupt(type == "progress_state" && data["nodes"]!["1"]?["state"]?.ToString() == "finished") };

        var (_, run) = _bench.Run(
            """{"1": {"class_type": "ToyText", "inputs": {"value": "v"}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""", listener);

        var interrupted = run.Single("execution_interrupted");
        Assert.Equal(("2", """["1"]"""), ((string?)interrupted["node_id"], interrupted["executed"]!.ToJsonString()));
        Assert.Equal(["progress_state 1 finished", "progress_state 2:running", "executing 2"], run.Story.SkipWhile(static m => m != "progress_state 1 finished").Take(3));
    }

    [Fact]
    public void Run_WithSteps_ReportsEachThenShowsAPreview()
    {
        var listener = new RecordedRun { WantsPreviews = true };

        var (_, run) = _bench.Run(
            """{"1": {"class_type": "ToySteps", "inputs": {"steps": 2, "value": "v"}}, "2": {"class_type": "ToyShow", "inputs": {"value": ["1", 0]}}}""", listener);

        Assert.Equal(["progress_state 1:running", "executing 1", "progress_state 1:running", "progress", "progress_state 1:running", "progress", "progress_state 1 finished"], run.Story.Skip(2).Take(7));
        var finished = run.Messages.Last(m => m.Type == "progress_state").Data["nodes"]!["1"]!;
        Assert.Equal(("2", "2", "finished"), (finished["value"]!.ToJsonString(), finished["max"]!.ToJsonString(), (string?)finished["state"]));
        Assert.Equal([("1", 4L), ("1", 4L)], run.Previews.Select(p => (p.Node.NodeId, p.Shape[1])));
    }

    [Fact]
    public void Run_WithoutAClient_AddressesProgressToAll()
    {
        var (_, run) = _bench.Run("""{"1": {"class_type": "ToyShow", "inputs": {"value": 1}}}""", extra: []);

        Assert.All(run.Messages, m => Assert.Equal(m.Type == "progress_state", m.Audience == Engine.Execution.Audience.ClientOrAll));
    }

    [Fact]
    public void Run_LoadImage_NotesTheFilesHashInTheWorkflowOfThePicture()
    {
        Directory.CreateDirectory(_bench.Folders.Input);
        File.Copy(ComfyServe.Testing.RecordedData.Golden("default_64x64_4steps_seed42_euler_normal_cfg8.png"), Path.Combine(_bench.Folders.Input, "a.png"));

        var (outcome, _) = _bench.Run(
            """{"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "t"}}}""");

        Assert.True(outcome.Completed);
        var png = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(_bench.Folders.Output, "t_00001_.png")));
        Assert.Matches("\"class_type\": \"LoadImage\".*\"is_changed\": \\[\"[0-9a-f]{64}\"\\]", png);
    }

    private void Interrupt(bool now)
    {
        if (now)
        {
            _bench.Interrupt.Cancel();
        }
    }
}
