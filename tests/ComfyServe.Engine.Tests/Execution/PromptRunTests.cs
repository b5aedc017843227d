using ComfyServe.Engine.Execution;

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

    [Fact]
    public void Run_GetImageSize_ShowsTheSizeAsText()
    {
        var (outcome, run) = _bench.Run("""
            {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 1, "color": 0}},
             "3": {"class_type": "GetImageSize", "inputs": {"image": ["1", 0]}}, "4": {"class_type": "PreviewAny", "inputs": {"source": ["3", 1]}}}
            """);

        Assert.True(outcome.Completed);
        Assert.Equal([("3", "width: 16, height: 8\n batch size: 1")], run.Texts);
        Assert.Equal("""{"text":["8"]}""", outcome.Outputs["4"]!.ToJsonString());
    }

    [Fact]
    public void Run_OneOfTwoOutputs_RunsOnlyWhatItNeeds()
    {
        var prompt = Bench.Prompt("""
            {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 1, "color": 0}},
             "2": {"class_type": "EmptyImage", "inputs": {"width": 9, "height": 8, "batch_size": 1, "color": 0}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}, "4": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}}}
            """);
        var validation = _bench.Validator.Validate(prompt, id => id == "4");
        var run = new RecordedRun();

        var outcome = _bench.Executor.Run(new QueuedPrompt(0, "p", prompt, [], validation.OutputsToExecute), run, TestContext.Current.CancellationToken);

        Assert.True(outcome.Completed);
        Assert.Equal(["2", "4"], run.Executing);
    }
}
