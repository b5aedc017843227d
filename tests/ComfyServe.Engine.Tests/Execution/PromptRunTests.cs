namespace ComfyServe.Engine.Tests.Execution;

public sealed class PromptRunTests : IDisposable
{
    private const string Save = """
        {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 1, "color": 255}},
         "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "t"}}}
        """;

    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Run_TwoNodes_SendsComfyUIsMessagesInOrder()
    {
        var (outcome, run) = _bench.Run(Save);

        Assert.Equal(
            [
                "execution_start", "execution_cached ", "progress_state 1:running", "executing 1", "progress_state 1 finished",
                "progress_state 2:running", "executing 2", "executed 2", "progress_state 2 finished", "execution_success",
            ],
            run.Story);
        Assert.Equal(["1", "2", null], run.Currents);
        Assert.True(outcome.Completed);
        Assert.Equal("""{"2":{"images":[{"filename":"t_00001_.png","subfolder":"","type":"output"}]}}""", outcome.Outputs.ToJsonString());
        Assert.Equal("""{"2":{"node_id":"2","display_node":"2","parent_node":null,"real_node_id":"2"}}""", outcome.Meta.ToJsonString());
        Assert.Equal(
            """["execution_start",{"prompt_id":"prompt-0","timestamp":1772856309000}]""",
            outcome.Messages[0]!.ToJsonString());
        Assert.True(File.Exists(Path.Combine(_bench.Folders.Output, "t_00001_.png")));
    }

    [Fact]
    public void Run_SamePromptAgain_ShowsTheStoredOutputAndWritesNothing()
    {
        _bench.Run(Save);

        var (outcome, run) = _bench.Run(Save);

        Assert.Equal(["execution_start", "execution_cached 1,2", "executed 2", "progress_state 1 finished", "execution_success"], run.Story);
        var state = run.Single("progress_state")["nodes"]!["2"]!;
        Assert.Equal(("1", "1"), (state["value"]!.ToJsonString(), state["max"]!.ToJsonString()));
        Assert.Equal("t_00001_.png", (string?)outcome.Outputs["2"]!["images"]![0]!["filename"]);
        Assert.Single(Directory.GetFiles(_bench.Folders.Output));
    }
}
