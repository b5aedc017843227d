using System.Globalization;
using System.Text.Json.Nodes;
using ComfyServe.Worker.Benchmark;
using ComfyServe.Worker.Forwarding;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Worker.Tests.Benchmark;

public sealed class BenchmarkTests : IDisposable
{
    private const string Custom = """{"1":{"class_type":"EmptyImage","inputs":{"color":"__RANDOM_INT__"}}}""";
    private const string Refused = """{"id":"1","status":"failed","message":"ckpt_name not in list","error":{"code":"workflow_refused"}}""";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-benchmark-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File_ => Path.Combine(_folder.FullName, ".has_benchmark");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Measure_StoredByTheOriginal_RunsNothing() // 54
    {
        await using var api = await FakeApi.StartAsync();
        await File.WriteAllTextAsync(File_, "2.0", Token);

        var perf = await Runner(api).MeasureAsync("m", Token);

        Assert.Equal(2.0, perf);
        Assert.Empty(api.Bodies);
    }

    [Fact]
    public async Task Measure_NothingStored_WarmsUpAndTakesTheBestOfEight() // 55, 69
    {
        await using var api = await FakeApi.StartAsync();
        Write("misc/benchmark.json", Custom);
        var n = 0;
        api.Answer = async (context, _) =>
        {
            await Task.Delay(++n == 5 ? 10 : 60, Token);
            await FakeApi.WriteAsync(context, 200, FakeApi.Completed);
        };

        var perf = await Runner(api).MeasureAsync("m", Token);

        Assert.Equal(9, api.Bodies.Count);
        Assert.InRange(perf, 100 / 0.058, 100 / 0.009); // the fifth was the fastest
        Assert.Equal(perf, double.Parse((await File.ReadAllLinesAsync(File_, Token))[0], CultureInfo.InvariantCulture));
        Assert.Equal(9, api.Bodies.Distinct().Count());
        var input = JsonNode.Parse(api.Bodies.First())!["input"]!;
        Assert.StartsWith("test-", (string)input["request_id"]!, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Custom), input["workflow_json"]));
    }

    [Fact]
    public async Task Measure_EveryCallFails_IsAnErrorAndNothingIsStored() // 56
    {
        await using var api = await FakeApi.StartAsync();
        Write("misc/benchmark.json", Custom);
        api.Answer = static (context, _) => FakeApi.WriteAsync(context, 500, """{"status":"failed","message":"boom"}""");

        var error = await Assert.ThrowsAsync<BenchmarkFailedException>(() => Runner(api).MeasureAsync("m", Token));

        Assert.StartsWith("No successful responses from benchmark", error.Message, StringComparison.Ordinal);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(File_));
    }

    [Fact]
    public async Task Measure_StoredForThisMachineAndWorkflow_RunsNothing()
    {
        await using var api = await FakeApi.StartAsync();
        Write("misc/benchmark.json", Custom);
        var first = await Runner(api).MeasureAsync("m", Token);
        var calls = api.Bodies.Count;

        var again = await Runner(api).MeasureAsync("m", Token);

        Assert.Equal(first, again);
        Assert.Equal(calls, api.Bodies.Count);
    }

    [Fact]
    public async Task Measure_OtherMachineOrWorkflow_MeasuresAgain()
    {
        await using var api = await FakeApi.StartAsync();
        Write("misc/benchmark.json", Custom);
        await Runner(api).MeasureAsync("m", Token);
        var first = api.Bodies.Count;

        await Runner(api).MeasureAsync("another", Token);
        var second = api.Bodies.Count;
        Write("misc/benchmark.json", Custom.Replace("EmptyImage", "Other", StringComparison.Ordinal));
        await Runner(api).MeasureAsync("another", Token);

        Assert.Equal(2 * first, second);
        Assert.Equal(3 * first, api.Bodies.Count);
    }

    [Fact]
    public async Task Measure_CheckpointsMissing_FallsBackInTurnAndStaysThere()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = static (context, body) => body.Contains("CheckpointLoaderSimple", StringComparison.Ordinal)
            ? FakeApi.WriteAsync(context, 500, Refused)
            : FakeApi.WriteAsync(context, 200, FakeApi.Completed);

        await Runner(api).MeasureAsync("m", Token);

        var bodies = api.Bodies.ToArray();
        Assert.Equal(11, bodies.Length);
        Assert.Contains("v1-5-pruned-emaonly-fp16.safetensors", bodies[0], StringComparison.Ordinal);
        Assert.Contains("comfyserve-starter.safetensors", bodies[1], StringComparison.Ordinal);
        Assert.All(bodies[2..], static b => Assert.DoesNotContain("BENCHMARK_COLOR", b, StringComparison.Ordinal));
        Assert.Contains("\"name\":\"image filters without a model", await File.ReadAllTextAsync(File_, Token), StringComparison.Ordinal);

        // The next start asks again for the better ones, and measures nothing.
        await Runner(api).MeasureAsync("m", Token);
        Assert.Equal(13, api.Bodies.Count);
    }

    [Fact]
    public async Task Measure_ApiNotThereYet_TriesAgain()
    {
        await using var api = await FakeApi.StartAsync();
        Write("misc/benchmark.json", Custom);
        var n = 0;
        api.Answer = (context, _) => ++n == 1 ? FakeApi.WriteAsync(context, 503, "{}") : FakeApi.WriteAsync(context, 200, FakeApi.Completed);

        Assert.True(await Runner(api, static o => o.BenchmarkRounds = 1).MeasureAsync("m", Token) > 0);
        Assert.Equal(3, api.Bodies.Count);
    }

    [Fact]
    public void Candidates_FirstFileBroken_TakesTheNext() // 69
    {
        Write("misc/benchmark.json", "{nope");
        Write("other.json", Custom);

        var workflow = Assert.Single(Choice(o => o.BenchmarkPath = Path.Combine(_folder.FullName, "other.json")).Candidates());

        Assert.True(workflow.IsCustom);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Custom), workflow.Graph));
    }

    [Fact]
    public void Candidates_ClonedLayout_IsFoundFirst()
    {
        Write("workers/comfyui-json/misc/benchmark.json", Custom);
        Write("misc/benchmark.json", Custom.Replace("EmptyImage", "Other", StringComparison.Ordinal));

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Custom), Assert.Single(Choice().Candidates()).Graph));
    }

    [Fact]
    public void Candidates_Standard_HasTheConfiguredSizeAsIntegers() // 70
    {
        var graph = Choice(static o => (o.BenchmarkWidth, o.BenchmarkHeight, o.BenchmarkSteps) = (640, 384, 50)).Candidates()[0].Graph;

        Assert.Equal("50", graph["3"]!["inputs"]!["steps"]!.ToJsonString());
        Assert.Equal("640", graph["5"]!["inputs"]!["width"]!.ToJsonString());
        Assert.Equal("384", graph["5"]!["inputs"]!["height"]!.ToJsonString());
    }

    [Fact]
    public void Payload_Standard_DrawsPromptsFromTheFileAndLeavesSeedsToTheApi()
    {
        Write("misc/test_prompts.txt", "\n  a red fox  \n\n");
        var choice = Choice();

        var graph = choice.Candidates()[0].Payload(new Random(1), choice.Prompts())["input"]!["workflow_json"]!;

        Assert.Equal("a red fox", (string)graph["6"]!["inputs"]!["text"]!);
        Assert.Equal("__RANDOM_INT__", (string)graph["3"]!["inputs"]!["seed"]!);
    }

    [Fact]
    public void Machine_SameHealth_SameIdentityAndOtherDeviceAnother()
    {
        var one = """{"backends":[{"system_stats":{"system":{"pytorch_version":"2.10"},"devices":[{"name":"cuda:0 A"}]}}]}"""u8.ToArray();
        var other = """{"backends":[{"system_stats":{"system":{"pytorch_version":"2.10"},"devices":[{"name":"cuda:0 B"}]}}]}"""u8.ToArray();

        Assert.Equal(Machine.Identity(one), Machine.Identity(one));
        Assert.NotEqual(Machine.Identity(one), Machine.Identity(other));
        Assert.Equal(Machine.Identity("no"u8.ToArray()), Machine.Identity("{}"u8.ToArray()));
    }

    private void Write(string path, string text)
    {
        var whole = Path.Combine(_folder.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
        File.WriteAllText(whole, text);
    }

    private WorkerOptions Options(Action<WorkerOptions>? change = null)
    {
        var options = new WorkerOptions { Folder = _folder.FullName };
        change?.Invoke(options);
        return options;
    }

    private BenchmarkChoice Choice(Action<WorkerOptions>? change = null) => new(Options(change), NullLogger<BenchmarkChoice>.Instance);

    private BenchmarkRunner Runner(FakeApi api, Action<WorkerOptions>? change = null)
    {
        var options = Options(change);
        options.Api = api.Url;
        return new BenchmarkRunner(
            options,
            new ApiService(options),
            new BenchmarkChoice(options, NullLogger<BenchmarkChoice>.Instance),
            new BenchmarkFile(options, NullLogger<BenchmarkFile>.Instance),
            new Random(1),
            TimeProvider.System,
            NullLogger<BenchmarkRunner>.Instance)
        {
            Pause = TimeSpan.FromMilliseconds(1),
        };
    }
}
