using System.Diagnostics;
using System.Globalization;

namespace ComfyServe.Bench.Engine;

/// <summary>
/// Measures an engine from outside, over its protocol: from the start of its process to the first reply, and from the
/// submission of an instant prompt to its entry in the history. Any ComfyUI-compatible server can be measured.
/// </summary>
internal static class EngineSuite
{
    private const int WarmUps = 50;

    /// <summary>Runs the suite and prints its table.</summary>
    /// <param name="arguments"><c>--url URL</c> of a running server, or <c>--start PROGRAM ARGUMENTS…</c> with <c>{port}</c> in them; <c>--jobs N</c>.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var jobs = Array.IndexOf(arguments, "--jobs") is >= 0 and var at ? int.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : 1000;
        if (Array.IndexOf(arguments, "--url") is >= 0 and var url)
        {
            await MeasureJobsAsync(new Uri(arguments[url + 1]), jobs, process: null);
            return 0;
        }

        if (Array.IndexOf(arguments, "--start") is not (>= 0 and var start))
        {
            await Console.Error.WriteLineAsync("engine: give --url URL or --start PROGRAM ARGUMENTS… (with {port})");
            return 2;
        }

        const int Port = 18911;
        var command = arguments[(start + 1)..].Select(a => a.Replace("{port}", $"{Port}", StringComparison.Ordinal)).ToArray();
        var clock = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            var engine = new Uri($"http://127.0.0.1:{Port}");
            await WaitAsync(engine, process);
            await Console.Out.WriteLineAsync($"| start to first reply | {Stopwatch.GetElapsedTime(clock).TotalSeconds:F2} s |");
            await MeasureJobsAsync(engine, jobs, process);
            return 0;
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static async Task WaitAsync(Uri engine, Process process)
    {
        using var client = new HttpClient();
        while (!process.HasExited)
        {
            try
            {
                using var reply = await client.GetAsync(new Uri(engine, "/prompt"));
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, CancellationToken.None);
            }
        }

        throw new InvalidOperationException($"the engine ended with {process.ExitCode} before it answered");
    }

    private static async Task MeasureJobsAsync(Uri engine, int jobs, Process? process)
    {
        using var client = await InstantJobs.ConnectAsync(engine);
        var first = await client.RunAsync(0);
        for (var i = 1; i < WarmUps; i++)
        {
            _ = await client.RunAsync(i);
        }

        var (times, calls) = (new List<double>(jobs), new List<double>(jobs));
        var before = ProcessorTime(process);
        for (var i = 0; i < jobs; i++)
        {
            times.Add((await client.RunAsync(WarmUps + i)).TotalMilliseconds);
        }

        var own = (ProcessorTime(process) - before) / jobs;
        for (var i = 0; i < jobs; i++)
        {
            calls.Add((await client.CallAsync()).TotalMilliseconds);
        }

        times.Sort();
        calls.Sort();
        await Console.Out.WriteLineAsync($"""
            | first instant job | {first.TotalMilliseconds:F1} ms |
            | instant job, p50 of {jobs} | {times[jobs / 2]:F2} ms |
            | instant job, p90 | {times[jobs * 90 / 100]:F2} ms |
            | instant job, p99 | {times[jobs * 99 / 100]:F2} ms |
            | instant job, quickest | {times[0]:F2} ms |
            | `GET /prompt`, p50 | {calls[jobs / 2]:F2} ms |
            | instant job as a multiple of `GET /prompt`, p50 | {times[jobs / 2] / calls[jobs / 2]:F1} |
            | processor time of the server a job | {(process is null ? "not measured" : $"{own:F2} ms")} |
            """);
    }

    private static double ProcessorTime(Process? process)
    {
        process?.Refresh();
        return process?.TotalProcessorTime.TotalMilliseconds ?? 0;
    }
}
