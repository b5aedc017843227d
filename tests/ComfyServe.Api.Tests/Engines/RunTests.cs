using System.Collections.Concurrent;
using ComfyServe.Api.Engines;
using ComfyServe.Testing.Engines;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Engines;

/// <summary>What can go wrong between this service and its engines.</summary>
public sealed class RunTests
{
    private const string Graph = """{"3": {"class_type": "KSampler", "inputs": {"steps": 3, "ms": 5}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";

    [Theory]
    [InlineData("execution_start")]
    [InlineData("execution_cached")]
    [InlineData("executing")]
    [InlineData("progress")]
    [InlineData("executed")]
    [InlineData("execution_success")]
    [InlineData("end")]
    public async Task Run_SocketCutBeforeAMessage_CompletesAndRunsOnce(string point)
    {
        var rounds = ComfyServe.Testing.RecordedData.IsFull ? 20 : 2;
        await using var host = await ApiHost.StartAsync(Quick);
        var cuts = 0;
        host.Engine.Fault = (type, _) => type == point && Interlocked.Decrement(ref cuts) >= 0 ? FakeEngineFault.DropSockets : FakeEngineFault.None;

        for (var round = 1; round <= rounds; round++)
        {
            Volatile.Write(ref cuts, 1);
            var (status, answer) = await host.RunAsync(Graph);

            Assert.Equal((round, 200, "completed"), (round, status, (string?)answer["status"]));
            Assert.Single(answer["output"]!.AsArray());
            Assert.Equal(round, host.Engine.Submitted.Count);
        }
    }

    [Fact]
    public async Task Run_EveryMessageSwallowed_IsFoundInTheHistory()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        host.Engine.Fault = static (_, _) => FakeEngineFault.Swallow;

        var (status, answer) = await host.RunAsync(Graph);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
    }

    [Fact]
    public async Task Run_EngineKilledAndRestarted_RunsAgain()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        var running = host.RunAsync("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 200}}, "9": {"class_type": "SaveImage", "inputs": {}}}""");
        await host.Engine.SubmittedAsync(1);

        await host.Engine.KillAsync();
        await host.Engine.ReviveAsync();

        var (status, answer) = await running;
        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal(2, host.Engine.Submitted.Count);
    }

    [Fact]
    public async Task Run_EngineLosesThePrompt_RunsAgainAndThenGivesUp()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        host.Engine.Vanishings = 1;
        const string Vanish = """{"1": {"class_type": "FakeVanish", "inputs": {}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";

        var (once, _) = await host.RunAsync(Vanish);
        host.Engine.Vanishings = 100;
        var (always, answer) = await host.RunAsync(Vanish);

        Assert.Equal((200, 502), (once, always));
        Assert.Equal("run_lost", (string?)answer["error"]!["code"]);
    }

    [Fact]
    public async Task Run_OutOfMemory_FreesTheEngineAndTriesOnce()
    {
        await using var host = await ApiHost.StartAsync(Quick);

        var (status, answer) = await host.RunAsync("""{"1": {"class_type": "FakeFail", "inputs": {"exception_type": "torch.OutOfMemoryError", "message": "Allocation on device"}}}""");

        Assert.Equal((500, "out_of_memory", 1, 2), (status, (string?)answer["error"]!["code"], host.Engine.Frees, host.Engine.Submitted.Count));
    }

    [Fact]
    public async Task Run_FatalGpuFault_LatchesThatEngineAndUsesTheOther()
    {
        await using var host = await ApiHost.StartAsync(Quick, engines: 2);
        const string Fatal = """{"1": {"class_type": "FakeFail", "inputs": {"exception_type": "RuntimeError", "message": "CUDA error: an illegal memory access was encountered"}}}""";

        await host.Engines[0].ConnectedAsync();
        await host.Engines[1].ConnectedAsync(); // one that is not reached yet is no other to go to
        await host.RunAsync(Graph);

        var (status, answer) = await host.RunAsync(Fatal);
        var (health, report) = await host.GetAsync("/health");
        var (after, _) = await host.RunAsync(Graph);

        Assert.Equal((500, "gpu_unrecoverable"), (status, (string?)answer["error"]!["code"]));
        Assert.Equal(503, health);
        Assert.Contains("illegal memory access", (string?)report["gpu"]!["reason"], StringComparison.Ordinal);
        Assert.NotEqual(200, after); // both engines met the fault: each is latched by its own
        Assert.Equal(1, host.Engines[0].Submitted.Count(p => p.GraphText == Fatal));
        Assert.Equal(1, host.Engines[1].Submitted.Count(p => p.GraphText == Fatal));
    }

    [Fact]
    public async Task Run_PromptThatSpeaksOfFaults_LatchesNothing()
    {
        await using var host = await ApiHost.StartAsync(Quick);

        var (_, answer) = await host.RunAsync("""{"1": {"class_type": "FakeFail", "inputs": {"exception_type": "ValueError", "message": "bad text: an illegal memory access was encountered, out of memory, cannot connect"}}}""");
        var (after, _) = await host.RunAsync(Graph);

        Assert.Equal(("node_failed", 200), ((string?)answer["error"]!["code"], after));
    }

    [Fact]
    public async Task Run_NodeFails_TellsWhichAndWhy()
    {
        await using var host = await ApiHost.StartAsync(Quick);

        var (status, answer) = await host.RunAsync("""{"7": {"class_type": "FakeFail", "inputs": {"exception_type": "ValueError", "message": "it broke"}}}""");

        Assert.Equal(500, status);
        var error = answer["error"]!;
        Assert.Equal(("7", "FakeFail", "ValueError"), ((string?)error["node_id"], (string?)error["node_type"], (string?)error["exception_type"]));
        Assert.Contains("it broke", (string?)answer["message"], StringComparison.Ordinal);
        Assert.DoesNotContain("/secret/place.py", (string?)answer["message"], StringComparison.Ordinal);
    }

    /// <summary>Issue 11: what a run had made before it failed was lost.</summary>
    [Fact]
    public async Task Run_NodeFailsAfterOthers_GivesWhatTheyMadeBesideTheError()
    {
        await using var host = await ApiHost.StartAsync(Quick);

        var (_, answer) = await host.RunAsync(
            """{"9": {"class_type": "SaveImage", "inputs": {}}, "8": {"class_type": "FakeText", "inputs": {"text": "a note"}}, "7": {"class_type": "FakeFail", "inputs": {}}}""");

        Assert.Equal(("failed", "7"), ((string?)answer["status"], (string?)answer["error"]!["node_id"]));
        var file = Assert.Single(answer["output"]!.AsArray())!;
        Assert.Equal(("9", "SaveImage"), ((string?)file["node_id"], (string?)file["node_type"]));
        Assert.NotEmpty((string)file["url"]!);
        Assert.Equal("8", (string?)Assert.Single(answer["texts"]!.AsArray())!["node_id"]);
    }

    [Fact]
    public async Task Run_EngineRefuses_TellsItsWords()
    {
        await using var host = await ApiHost.StartAsync(Quick);

        var (status, answer) = await host.RunAsync("""{"5": {"class_type": "FakeUnknown", "inputs": {}}}""");

        Assert.Equal((422, "workflow_refused"), (status, (string?)answer["error"]!["code"]));
        Assert.Contains("node FakeUnknown does not exist", (string?)answer["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_InterruptedBySomebodyElse_IsNotCompleted()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        var running = host.RunAsync(Workflows.Long);
        await host.Engine.RunningAsync();

        host.Engine.InterruptRunning();

        var (status, answer) = await running;
        Assert.NotEqual(200, status);
        Assert.Equal("run_interrupted", (string?)answer["error"]!["code"]);
    }

    [Fact]
    public async Task Run_PostPromptFails_IsTriedFiveTimes()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        var posts = 0;
        host.Engine.Answer = request =>
        {
            if (request.Path != "/prompt")
            {
                return null;
            }

            posts++;
            return Results.StatusCode(500);
        };

        var (status, answer) = await host.RunAsync(Graph);

        Assert.Equal(502, status);
        Assert.Contains("Failed to post workflow after 5 attempts", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Equal(5, posts);
    }

    [Fact]
    public async Task Run_NoEngineReachable_FailsAs502()
    {
        await using var host = await ApiHost.StartAsync(o =>
        {
            o.Engines = ["http://127.0.0.1:1"];
            o.Times.NoEngine = TimeSpan.FromMilliseconds(200);
        });

        var (status, answer) = await host.RunAsync(Graph);

        Assert.Equal((502, "engine_unreachable"), (status, (string?)answer["error"]!["code"]));
    }

    [Fact]
    public async Task Run_FrozenEngine_IsNotWaitedForForever()
    {
        await using var host = await ApiHost.StartAsync(o =>
        {
            Quick(o);
            o.Times.Call = TimeSpan.FromMilliseconds(200);
            o.Times.Outage = TimeSpan.FromMilliseconds(300);
            o.Times.SubmitAttempts = 2;
        });
        await host.Engine.ConnectedAsync();
        host.Engine.Freeze();

        var (status, answer) = await host.RunAsync(Graph);
        host.Engine.Thaw();

        Assert.Equal((502, "engine_unreachable"), (status, (string?)answer["error"]!["code"]));
    }

    [Theory]
    [InlineData("Run", "deadline_exceeded")]
    [InlineData("Stall", "no_progress")]
    public async Task Run_TooLongOrStuck_IsInterrupted(string limit, string code)
    {
        await using var host = await ApiHost.StartAsync(o =>
        {
            Quick(o);
            o.Times.Run = limit == "Run" ? TimeSpan.FromMilliseconds(300) : o.Times.Run;
            o.Times.Stall = limit == "Stall" ? TimeSpan.FromMilliseconds(300) : o.Times.Stall;
        });

        var (_, answer) = await host.RunAsync(Workflows.Long);
        var (next, _) = await host.RunAsync(Graph);

        Assert.Equal((code, 200), ((string?)answer["error"]!["code"], next));
    }

    [Fact]
    public async Task Cancel_JobThatWaits_IsSkippedAndTheNextRuns()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        await host.SubmitAsync("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 300}}}""", """, "request_id": "a" """);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "b" """); // prefetched: it waits in the engine's own queue
        await host.SubmitAsync(Workflows.Long, """, "request_id": "c" """); // waits in ours
        await host.SubmitAsync(Graph, """, "request_id": "d" """);
        await host.Engine.SubmittedAsync(2);

        await host.PostAsync("/cancel/b", "{}");
        await host.PostAsync("/cancel/c", "{}");

        var statuses = new List<(int, string?)>();
        foreach (var id in (string[])["a", "b", "c", "d"])
        {
            var (status, answer) = await host.GetAsync($"/result/{id}?wait=60");
            statuses.Add((status, (string?)answer["status"]));
        }

        Assert.Equal([(200, "completed"), (499, "cancelled"), (499, "cancelled"), (200, "completed")], statuses);
        Assert.DoesNotContain(host.Engine.Runs.Values, r => r > TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Cancel_RunningJob_InterruptsIt()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "a" """);
        await host.Engine.RunningAsync();

        var (status, answer) = await host.PostAsync("/cancel/a", "{}");
        var (next, _) = await host.RunAsync(Graph);
        var (again, twice) = await host.PostAsync("/cancel/a", "{}");

        Assert.Equal((200, "Successfully cancelled request a", "cancelled"), (status, (string?)answer["message"], (string?)answer["status"]));
        Assert.Equal((200, "Request a is already cancelled"), (again, (string?)twice["message"]));
        Assert.Equal(200, next);
    }

    [Fact]
    public async Task Cancel_Unknown_Is404()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/cancel/nope", "{}");

        Assert.Equal((404, """{"error":"Request nope not found"}"""), (status, answer.ToJsonString()));
    }

    [Fact]
    public async Task Run_SeveralEngines_ShareTheWork()
    {
        await using var host = await ApiHost.StartAsync(Quick, engines: 3);

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => host.RunAsync("""{"1": {"class_type": "FakeSleep", "inputs": {"ms": 10}}, "9": {"class_type": "SaveImage", "inputs": {}}}""")));

        Assert.All(host.Engines, e => Assert.InRange(e.Submitted.Count, 3, 20));
        Assert.Equal(30, host.Engines.Sum(e => e.Submitted.Count));
    }

    [Fact]
    public async Task Run_BaseWithAPath_IsKept()
    {
        await using var host = await ApiHost.StartAsync(prefix: "/comfy");

        Assert.Equal(200, (await host.RunAsync(Graph)).Status);
    }

    [Fact]
    public async Task Run_OldEngineThatChoosesIds_IsFollowed()
    {
        await using var host = await ApiHost.StartAsync(Quick);
        host.Engine.ChoosesPromptIds = true;

        var (status, answer) = await host.RunAsync(Graph);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Single(answer["output"]!.AsArray());
    }

    [Fact]
    public async Task Integrity_ManyInstantJobs_EachGetsItsOwnFile()
    {
        var jobs = ComfyServe.Testing.RecordedData.IsFull ? 10_000 : 300;
        await using var host = await ApiHost.StartAsync(Quick);
        foreach (var callers in (int[])[1, 8, 32])
        {
            var wrong = new ConcurrentQueue<string>();
            await Parallel.ForAsync(0, jobs / 3, new ParallelOptions { MaxDegreeOfParallelism = callers, CancellationToken = TestContext.Current.CancellationToken }, async (i, _) =>
            {
                var id = $"c{callers}-{i}";
                var (status, answer) = await host.RunAsync(Workflows.Image, $""", "request_id": "{id}" """);
                var prompt = status == 200 ? answer["comfyui_response"]!["execution_details"]!["prompt_id"]!.ToString() : "";
                var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(FakeImage.Png(prompt)));
                if (status != 200 || (string?)answer["output"]![0]!["sha256"] != expected)
                {
                    wrong.Enqueue($"{id}: {status} {answer["message"]}");
                }
            });
            Assert.Empty(wrong);
        }
    }

    [Fact]
    public void Threshold_OfFailures_OpensAndClosesTheCircuit()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var health = new EngineHealth(3, time);

        health.Failed();
        health.Failed();
        Assert.True(health.IsClosed);
        health.Failed();
        Assert.False(health.IsClosed);
        time.Advance(health.PauseLeft);
        Assert.True(health.IsClosed);
        health.Succeeded();
        Assert.Equal(0, health.Failures);
        Assert.True(health.TryLatch(""));
        Assert.False(health.TryLatch("second"));
        Assert.Equal("unspecified", health.Latch);
    }

    private static void Quick(ApiOptions options)
    {
        options.Times.Silence = TimeSpan.FromMilliseconds(100);
        options.Times.SocketRetry = TimeSpan.FromMilliseconds(100);
        options.MaxQueueSize = 1000;
    }
}
