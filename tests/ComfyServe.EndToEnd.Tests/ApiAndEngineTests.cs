using System.Globalization;
using System.Text;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>The API service in front of our own engine, both as processes, with workflows that need no model.</summary>
public sealed class ApiAndEngineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-e2e");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Cancel_RunAndPrefetchedRun_EndAndTheEngineGoesOn()
    {
        await using var engine = Engine(0);
        var engineUrl = await engine.ReadyAsync(Cancellation);
        await using var api = Api(engineUrl);
        using var client = new ApiClient(await api.ReadyAsync(Cancellation));
        using var direct = new ApiClient(engineUrl);
        await client.SubmitAsync(Blurs(400), """, "request_id": "runs" """);
        await client.RunningAsync("runs"); // only then the other: it might overtake while inputs are prepared
        await client.SubmitAsync(Blurs(401), """, "request_id": "waits" """);
        while ((await direct.GetAsync("/queue")).Body["queue_pending"]!.AsArray().Count == 0)
        {
            await Task.Delay(20, Cancellation);
        }

        var second = await client.CancelAsync("waits");
        var first = await client.CancelAsync("runs");
        var (status, after) = await client.RunAsync(InstantWorkflow.Text);

        Assert.Equal((200, 200), (first.Status, second.Status));
        Assert.Equal((499, "cancelled"), ((await client.ResultAsync("runs")) is var (code, body) ? (code, (string?)body["status"]) : default));
        Assert.Equal((499, "cancelled"), ((await client.ResultAsync("waits")) is var (other, rest) ? (other, (string?)rest["status"]) : default));
        Assert.Equal((200, "completed"), (status, (string?)after["status"]));
        var queue = (await direct.GetAsync("/queue")).Body;
        Assert.Empty(queue["queue_running"]!.AsArray());
        Assert.Empty(queue["queue_pending"]!.AsArray());
    }

    [Fact]
    public async Task Kill_ServiceDuringARun_NextStartTakesTheRunUp()
    {
        await using var engine = Engine(0);
        var engineUrl = await engine.ReadyAsync(Cancellation);
        int port;
        await using (var api = Api(engineUrl))
        {
            var apiUrl = await api.ReadyAsync(Cancellation);
            port = apiUrl.Port; // the result's URLs name it
            using var client = new ApiClient(apiUrl);
            await client.SubmitAsync(Blurs(6), """, "request_id": "abc" """);
            await client.RunningAsync("abc");
            await api.KillAsync(Cancellation);
        }

        await using var next = Api(engineUrl, port);
        using var again = new ApiClient(await next.ReadyAsync(Cancellation));
        var (status, answer) = await again.ResultAsync("abc");

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        var (fetched, bytes) = await again.FetchAsync((string)Assert.Single(answer["output"]!.AsArray())!["url"]!);
        Assert.Equal((200, "PNG"), (fetched, Encoding.ASCII.GetString(bytes.AsSpan(1, 3))));
        using var direct = new ApiClient(engineUrl);
        Assert.Single((await direct.GetAsync("/history")).Body);
    }

    [Fact]
    public async Task Kill_EngineDuringARun_RunsAgainOnItsReturn()
    {
        await using var engine = Engine(0);
        var engineUrl = await engine.ReadyAsync(Cancellation);
        await using var api = Api(engineUrl);
        using var client = new ApiClient(await api.ReadyAsync(Cancellation));
        await client.SubmitAsync(Blurs(6), """, "request_id": "abc" """);
        await client.RunningAsync("abc");
        await engine.KillAsync(Cancellation);

        await using var next = Engine(engineUrl.Port);
        await next.ReadyAsync(Cancellation);
        var (status, answer) = await client.ResultAsync("abc");

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal(200, (await client.FetchAsync((string)Assert.Single(answer["output"]!.AsArray())!["url"]!)).Status);
    }

    [Fact]
    public async Task Submit_WorkflowWithMistakes_IsRefusedWithTheEnginesChoices()
    {
        await using var engine = Engine(0);
        await using var api = Api(await engine.ReadyAsync(Cancellation));
        using var client = new ApiClient(await api.ReadyAsync(Cancellation));
        await client.RunAsync(InstantWorkflow.Text);

        var (status, answer) = await client.RunAsync(
            """{"1": {"class_type": "EmptyImag", "inputs": {}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""");

        Assert.Equal(422, status);
        Assert.Contains("EmptyImage", answer["detail"]!.ToJsonString(), StringComparison.Ordinal);
    }

    /// <summary>A chain of wide blurs: seconds of work that can be interrupted between nodes, each different from the one before.</summary>
    private static string Blurs(int count)
    {
        var graph = new StringBuilder("""{"0": {"class_type": "EmptyImage", "inputs": {"width": 512, "height": 512, "batch_size": 1, "color": 255}}""");
        for (var i = 1; i <= count; i++)
        {
            var sigma = (1 + (i % 90 / 10.0)).ToString(CultureInfo.InvariantCulture);
            graph.Append(CultureInfo.InvariantCulture, $$$$""", "{{{{i}}}}": {"class_type": "ImageBlur", "inputs": {"image": ["{{{{i - 1}}}}", 0], "blur_radius": 31, "sigma": {{{{sigma}}}}}}""");
        }

        graph.Append(CultureInfo.InvariantCulture, $$$$""", "save": {"class_type": "SaveImage", "inputs": {"images": ["{{{{count}}}}", 0], "filename_prefix": "blurred"}}}""");
        return graph.ToString();
    }

    private ComfyServeProcess Engine(int port) => ComfyServeProcess.Start(
        ["engine", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", Path.Combine(_folder.FullName, "engine")]);

    private ComfyServeProcess Api(Uri engine, int port = 0) => ComfyServeProcess.Start(
        ["api", "--port", port.ToString(CultureInfo.InvariantCulture), "--engine", engine.ToString(), "--data", Path.Combine(_folder.FullName, "api")]);
}
