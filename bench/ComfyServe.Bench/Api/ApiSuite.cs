using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ComfyServe.Api;
using ComfyServe.Testing.Engines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Bench.Api;

/// <summary>
/// The API service in front of a scripted engine that takes no time, all in one process: what the service adds to a job, how many it carries, and what it
/// holds in memory. The scripted engine and the callers share the cores, so the numbers are an upper bound of the service's own cost.
/// </summary>
internal static class ApiSuite
{
    private const string Instant = """{"9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}""";

    /// <summary>Jobs after which the runtime has compiled what is in use for good: its numbers no longer move.</summary>
    private const int WarmUp = 6000;

    /// <summary>Runs the suite and prints Markdown.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var jobs = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 500;
        var folder = Directory.CreateTempSubdirectory("comfyserve-bench-").FullName;
        await using var engine = await FakeEngine.StartAsync();
        await using var api = ApiServer.Build(
            new ApiOptions { Port = 0, Engines = [engine.BaseUrl], DataFolder = folder, MaxQueueSize = 100_000, ShutdownGrace = TimeSpan.Zero, AllowedHosts = ["127.0.0.1"] },
            b => b.Logging.ClearProviders());
        await api.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2000 }) { BaseAddress = new Uri(api.Urls.First()), Timeout = TimeSpan.FromMinutes(10) };
        await MeasureAsync(50, 1, () => SyncAsync(http));

        Console.WriteLine("| what | result |");
        Console.WriteLine("| --- | --- |");
        await InstantAsync("just started", engine.BaseUrl, http, jobs);
        await MeasureAsync(WarmUp, 8, () => SyncAsync(http));
        await DirectAsync(engine.BaseUrl, WarmUp / 4);
        await InstantAsync("warmed up", engine.BaseUrl, http, jobs);
        await BacklogAsync(http, engine, jobs);
        var accepted = new ConcurrentBag<string>();
        var accepts = await MeasureAsync(jobs * 2, 32, async () => accepted.Add(await AcceptAsync(http)));
        Row("accepts a second, flushed to disk, 32 callers", $"{accepts.PerSecond:0}");
        foreach (var id in accepted)
        {
            using var over = await http.GetAsync($"/result/{id}?wait=600"); // What is still queued would take part in what is measured next.
        }

        await WaitingCallersAsync(http);
        await LargeOutputAsync(http, engine);
        await api.StopAsync();
        Directory.Delete(folder, recursive: true);
        return 0;
    }

    /// <summary>Instant jobs, alone and from many callers. Processor time is that of all three: callers, service and engine.</summary>
    private static async Task InstantAsync(string when, string engine, HttpClient http, int jobs)
    {
        var direct = await DirectAsync(engine, jobs);
        var through = await MeasureAsync(jobs, 1, () => SyncAsync(http));
        Row($"{when}: instant job, direct engine call, p50", $"{Milliseconds(direct.Median)}, processor {Milliseconds(direct.Processor)}");
        Row($"{when}: instant job through the service, p50", $"{Milliseconds(through.Median)}, processor {Milliseconds(through.Processor)}");
        Row($"{when}: added by the service, p50", $"{Milliseconds(through.Median - direct.Median)} ({through.Median / direct.Median:0.00} × direct)");
        foreach (var callers in (int[])[8, 32])
        {
            var many = await MeasureAsync(jobs * 4, callers, () => SyncAsync(http));
            Row($"{when}: jobs a second, {callers} callers", $"{many.PerSecond:0}, processor {Milliseconds(many.Processor)} a job");
        }
    }

    private static void Row(string what, string result) => Console.WriteLine($"| {what} | {result} |");

    private static string Milliseconds(double value) => $"{value:0.00} ms";

    /// <summary>What a caller without the service does: socket, submit, wait for the end, history.</summary>
    private static async Task<Sample> DirectAsync(string engine, int jobs)
    {
        using var http = new HttpClient();
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"{engine.Replace("http", "ws", StringComparison.Ordinal)}/ws?clientId=direct"), default);
        var buffer = new byte[64 << 10];
        return await MeasureAsync(jobs, 1, async () =>
        {
            var id = Guid.NewGuid().ToString();
            using var content = new StringContent($$"""{"prompt": {{Instant}}, "client_id": "direct", "prompt_id": "{{id}}"}""", Encoding.UTF8, "application/json");
            using var submitted = await http.PostAsync($"{engine}/prompt", content);
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(buffer.AsMemory(length), default);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                using var message = JsonDocument.Parse(buffer.AsMemory(0, length));
                if (message.RootElement.GetProperty("type").ValueEquals("executing"u8)
                    && message.RootElement.GetProperty("data").GetProperty("prompt_id").ValueEquals(id)
                    && message.RootElement.GetProperty("data").GetProperty("node").ValueKind == JsonValueKind.Null)
                {
                    break;
                }
            }

            _ = await http.GetByteArrayAsync($"{engine}/history/{id}");
            var name = "x_00001_.png";
            _ = await http.GetByteArrayAsync($"{engine}/view?filename={name}");
        });
    }

    private static async Task SyncAsync(HttpClient http, string workflow = Instant)
    {
        using var content = new StringContent($$$"""{"input": {"workflow_json": {{{workflow}}}}}""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/generate/sync", content);
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{(int)response.StatusCode}: {answer}");
        }
    }

    private static async Task<string> AcceptAsync(HttpClient http)
    {
        using var content = new StringContent($$$"""{"input": {"workflow_json": {{{Instant}}}}}""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/generate", content);
        response.EnsureSuccessStatusCode();
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return answer.RootElement.GetProperty("id").GetString()!;
    }

    /// <summary>Time between the end of one job and the beginning of the next on the engine, while jobs wait.</summary>
    private static async Task BacklogAsync(HttpClient http, FakeEngine engine, int jobs)
    {
        var gaps = new List<double>();
        long ended = 0;
        engine.Fault = (type, _) =>
        {
            if (type == "execution_start" && ended != 0)
            {
                gaps.Add(Stopwatch.GetElapsedTime(ended).TotalMilliseconds);
            }
            else if (type == "end")
            {
                ended = Stopwatch.GetTimestamp();
            }

            return FakeEngineFault.None;
        };
        await MeasureAsync(jobs, 16, () => SyncAsync(http));
        engine.Fault = null;
        gaps.Sort();
        Row("gap between jobs on a backlog, median", Milliseconds(gaps[gaps.Count / 2]));
    }

    private static async Task LargeOutputAsync(HttpClient http, FakeEngine engine)
    {
        const long Size = 1L << 30;
        GC.Collect();
        var before = Process.GetCurrentProcess().WorkingSet64;
        var peak = before;
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync())
            {
                using var process = Process.GetCurrentProcess();
                peak = Math.Max(peak, process.WorkingSet64);
            }
        });
        engine.Answer = request => request.Path == "/view" && request.Query["filename"] == "large.bin" ? new Zeros(Size) : null;
        var began = Stopwatch.GetTimestamp();
        await SyncAsync(http, """{"1": {"class_type": "FakeEmit", "inputs": {"filename": "large.bin", "missing": true}}}""");
        var took = Stopwatch.GetElapsedTime(began);
        engine.Answer = null;
        await stop.CancelAsync();
        await watching;
        Row("output of 1 GiB: peak memory more than before", $"{(peak - before) / 1048576.0:0} MiB, in {took.TotalSeconds:0.0} s");
    }

    private static async Task WaitingCallersAsync(HttpClient http)
    {
        const int Callers = 1000;
        const string Long = """{"input": {"workflow_json": {"1": {"class_type": "FakeSleep", "inputs": {"ms": 600000}}}}}""";
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        var before = Process.GetCurrentProcess().WorkingSet64;
        using var leave = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, Callers).Select(async _ =>
        {
            using var content = new StringContent(Long, Encoding.UTF8, "application/json");
            try
            {
                using var response = await http.PostAsync("/generate/sync", content, leave.Token);
            }
            catch (OperationCanceledException)
            {
                // Left.
            }
        }).ToList();
        await UntilAsync(http, static waiting => waiting >= Callers - 2);
        var held = Process.GetCurrentProcess().WorkingSet64;
        var living = GC.GetTotalMemory(forceFullCollection: true) - heap;
        Row($"{Callers} waiting sync callers (with their own side): memory more than before", $"{(held - before) / 1048576.0:0} MiB, of it living objects {living / 1048576.0:0} MiB");
        await leave.CancelAsync();
        await Task.WhenAll(waiting);
        await UntilAsync(http, static waiting => waiting == 0);
    }

    private static async Task UntilAsync(HttpClient http, Func<int, bool> isEnough)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync())
        {
            using var info = JsonDocument.Parse(await http.GetByteArrayAsync("/queue-info"));
            if (isEnough(info.RootElement.GetProperty("generation_queue_size").GetInt32()))
            {
                return;
            }
        }
    }

    private static async Task<Sample> MeasureAsync(int count, int callers, Func<Task> call)
    {
        var times = new double[count];
        var next = -1;
        var processor = Environment.CpuUsage.TotalTime;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            int i;
            while ((i = Interlocked.Increment(ref next)) < count)
            {
                var start = Stopwatch.GetTimestamp();
                await call();
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }));
        var elapsed = Stopwatch.GetElapsedTime(began);
        processor = Environment.CpuUsage.TotalTime - processor;
        Array.Sort(times);
        return new(times[count / 2], count / elapsed.TotalSeconds, processor.TotalMilliseconds / count);
    }

    private readonly record struct Sample(double Median, double PerSecond, double Processor);

    private sealed class Zeros(long size) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentLength = size;
            var block = new byte[128 << 10];
            for (long sent = 0; sent < size; sent += block.Length)
            {
                await httpContext.Response.Body.WriteAsync(block);
            }
        }
    }
}
