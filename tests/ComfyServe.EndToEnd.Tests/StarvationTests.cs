using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ComfyServe.Hosting;
using ComfyServe.Testing;
using ComfyServe.Testing.Processes;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>One key's silent receivers and hanging hosts beside another key's work, with real processes: what that work takes in quiet and under attack.</summary>
public sealed class StarvationTests(ITestOutputHelper output) : IDisposable
{
    private const int Attacks = 100;
    private const int Jobs = 150;
    private const int Idle = 5_000;
    private const int Forged = 10_000;
    private const string Ann = "ann-key-0123456789";
    private const string Bob = "bob-key-0123456789";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-starve");
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _told = new(StringComparer.Ordinal);

    /// <summary>One pixel.</summary>
    private static readonly byte[] Png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Attack_SilentReceiversAndHangingHosts_AnotherKeysJobsAndWebhooksTakeWhatTheyTookBefore()
    {
        Assert.SkipUnless(RecordedData.IsFull, "measures for a minute; set COMFYSERVE_TEST_FULL=1");
        await using var world = await FileServer.StartAsync(AnswerAsync);
        await using var engine = ComfyServeProcess.Start(["engine", "--port", "0", "--data", Path.Combine(_folder.FullName, "engine")]);
        await using var api = ComfyServeProcess.Start(
            ["api", "--port", "0", "--engine", (await engine.ReadyAsync(Cancellation)).ToString(), "--data", Path.Combine(_folder.FullName, "api")],
            new Dictionary<string, string> { ["API_KEYS"] = $"ann:{Ann},bob:{Bob}", ["ALLOWED_HOSTS"] = "127.0.0.1", ["MAX_QUEUE_SIZE"] = $"{3 * Attacks}" });
        var service = await api.ReadyAsync(Cancellation);
        using var ann = new ApiClient(service, Ann);
        using var bob = new ApiClient(service, Bob);
        await MeasureAsync(ann, world, "warm");

        var quiet = await MeasureAsync(ann, world, "quiet");
        for (var i = 0; i < Attacks; i++)
        {
            Assert.Equal(200, (await bob.RunAsync(InstantWorkflow.Text, Webhook($"{world.BaseUrl}/hang/receiver", 60))).Status);
        }

        var receivers = await MeasureAsync(ann, world, "receivers");
        for (var i = 0; i < Attacks; i++)
        {
            Assert.Equal(202, (await bob.SubmitAsync(Load($"{world.BaseUrl}/hang/input/{i}"))).Status);
        }

        var both = await MeasureAsync(ann, world, "both");

        output.WriteLine($"job with an input from its start, p95: quiet {quiet.Job:0.0} ms, beside silent receivers {receivers.Job:0.0} ms, beside those and hanging hosts {both.Job:0.0} ms");
        output.WriteLine($"its webhook after the job, p95: {quiet.Webhook:0.0} ms, {receivers.Webhook:0.0} ms, {both.Webhook:0.0} ms");
        Assert.InRange(world.Requests.Count(static r => r.Path == "/hang/receiver"), 1, 32); // a key's share of the deliveries
        Assert.InRange(world.Requests.Count(static r => r.Path.StartsWith("/hang/input", StringComparison.Ordinal)), 1, 8); // and of the fetches
        Assert.All([receivers, both], seen => Assert.True(seen.Job < (2 * quiet.Job) + 5 && seen.Webhook < (2 * quiet.Webhook) + 5, $"quiet {quiet}, attacked {seen}"));
    }

    [Fact]
    public async Task Attacks_AllTogether_AnotherKeysRequestsTakeWhatTheyTookBefore()
    {
        Assert.SkipUnless(RecordedData.IsFull, "measures for minutes; set COMFYSERVE_TEST_FULL=1");
        await using var world = await FileServer.StartAsync(AnswerAsync);
        var port = FreePort.Find();
        await using var fleet = ComfyServeProcess.Start(
            ["up", "--data", Path.Combine(_folder.FullName, "up"), "--engine-port", "0", "--api-port", "0", "--gateway-port", "0", "--worker-port", $"{port}"],
            new Dictionary<string, string> { ["COMFYSERVE_ADMIN_KEY"] = "account-key" });
        await using var engine = ComfyServeProcess.Start(["engine", "--port", "0", "--data", Path.Combine(_folder.FullName, "engine")]);
        await using var api = ComfyServeProcess.Start(
            ["api", "--port", "0", "--engine", (await engine.ReadyAsync(Cancellation)).ToString(), "--data", Path.Combine(_folder.FullName, "api")],
            new Dictionary<string, string> { ["API_KEYS"] = $"ann:{Ann},bob:{Bob}", ["ALLOWED_HOSTS"] = "127.0.0.1", ["MAX_QUEUE_SIZE"] = $"{3 * Attacks}" });
        var service = await api.ReadyAsync(Cancellation);
        using var ann = new ApiClient(service, Ann);
        using var bob = new ApiClient(service, Bob);
        using var routed = new HttpClient { BaseAddress = await fleet.ReadyAsync(Cancellation), DefaultRequestHeaders = { Authorization = new("Bearer", "account-key") }, Timeout = TimeSpan.FromMinutes(5) };
        await MeasureRoutedAsync(routed);
        await MeasureAsync(ann, world, "warm");

        var (quiet, quietRouted) = (await MeasureAsync(ann, world, "quiet"), await MeasureRoutedAsync(routed));
        for (var i = 0; i < Attacks; i++)
        {
            Assert.Equal(200, (await bob.RunAsync(InstantWorkflow.Text, Webhook($"{world.BaseUrl}/hang/receiver", 60))).Status);
            Assert.Equal(202, (await bob.SubmitAsync(Load($"{world.BaseUrl}/hang/input/{i}"))).Status);
        }

        var idle = new List<Socket>();
        for (var i = 0; i < Idle; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            idle.Add(socket);
            await socket.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var forging = ForgeAsync(port, end.Token);
        var (attacked, attackedRouted) = (await MeasureAsync(ann, world, "attacked"), await MeasureRoutedAsync(routed));
        await forging;
        idle.ForEach(static s => s.Dispose());

        output.WriteLine($"job with an input, p95: quiet {quiet.Job:0.0} ms, attacked {attacked.Job:0.0} ms; its webhook: {quiet.Webhook:0.0} ms, {attacked.Webhook:0.0} ms; through the gateway: {quietRouted:0.0} ms, {attackedRouted:0.0} ms");
        Assert.True(attacked.Job < (2 * quiet.Job) + 5 && attacked.Webhook < (2 * quiet.Webhook) + 5 && attackedRouted < (2 * quietRouted) + 5, $"quiet {quiet} {quietRouted}, attacked {attacked} {attackedRouted}");
    }

    /// <summary>Sends tickets that do not verify, a few at a time.</summary>
    private static async Task ForgeAsync(int port, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        await Parallel.ForEachAsync(Enumerable.Range(0, Forged), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (i, token) =>
        {
            using var body = new StringContent(
                $$$$"""{"auth_data": {"cost": "100", "endpoint": "comfyui-json", "reqnum": {{{{i}}}}, "request_idx": {{{{i}}}}, "signature": "AAAA", "url": "http://127.0.0.1:{{{{port}}}}"}, "payload": {"input": {}}}""",
                Encoding.UTF8,
                "application/json");
            using var answer = await http.PostAsync("generate/sync", body, token);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        });
    }

    private static async Task<double> MeasureRoutedAsync(HttpClient client)
    {
        List<double> times = [];
        for (var i = 0; i < Jobs; i++)
        {
            using var body = new StringContent($$$"""{"input": {"workflow_json": {{{InstantWorkflow.Text}}} }}""", Encoding.UTF8, "application/json");
            var began = Stopwatch.GetTimestamp();
            using var answer = await client.PostAsync("api/v1/endpoints/comfyui-json/generate/sync", body, Cancellation);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Cancellation));
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return Percentile(times);
    }

    private static string Webhook(string url, int timeout) => $$$""", "webhook": {"url": "{{{url}}}", "timeout": {{{timeout}}}} """;

    private static string Load(string url) => $$$$"""
        {"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{url}}}}"}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "starve"}}}
        """;

    /// <summary>The 95th percentiles of jobs one after another, each with an input of its own and a webhook.</summary>
    private async Task<Percentiles> MeasureAsync(ApiClient client, FileServer world, string name)
    {
        List<double> jobs = [], webhooks = [];
        for (var i = 0; i < Jobs; i++)
        {
            var id = $"{name}-{i}";
            var told = _told[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var began = Stopwatch.GetTimestamp();
            var (status, answer) = await client.RunAsync(Load($"{world.BaseUrl}/{id}.png"), Webhook($"{world.BaseUrl}/told/{id}", 30));
            Assert.True(status == 200, answer.ToJsonString());
            jobs.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            var ended = Stopwatch.GetTimestamp();
            await told.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
            webhooks.Add(Stopwatch.GetElapsedTime(ended).TotalMilliseconds);
        }

        return new(Percentile(jobs), Percentile(webhooks));
    }

    private static double Percentile(List<double> values) => values.Order().ElementAt((int)(values.Count * 0.95));

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.StartsWith("/hang", StringComparison.Ordinal))
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        else if (path.StartsWith("/told/", StringComparison.Ordinal))
        {
            _told[path["/told/".Length..]].TrySetResult();
        }
        else
        {
            await FileServer.Bytes(Png, "image/png")(context);
        }
    }

    private sealed record Percentiles(double Job, double Webhook);
}
