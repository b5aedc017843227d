using ComfyServe.Worker.Benchmark;
using ComfyServe.Worker.Forwarding;
using ComfyServe.Worker.Tickets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Health;

/// <summary>
/// Brings the worker up: waits for a healthy API service, measures, waits for the public key; then watches the API service's
/// health. Unlike the original's, an error of health goes away when the API service is healthy again.
/// </summary>
internal sealed partial class ReadinessLoop(
    WorkerOptions options, ApiService api, BenchmarkRunner benchmark, KeyLoop keys, Score score, Readiness readiness, TimeProvider time, ILogger<ReadinessLoop> logger)
    : BackgroundService
{
    private const int SlowAnswersUntilError = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartInterval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (options.Prepare is { } prepare && await prepare(stoppingToken) is { } reason)
            {
                // Stays until a restart; the worker goes on to report it.
                readiness.Report(FaultSource.Preparation, reason);
                Log.NotPrepared(logger, reason);
                return;
            }

            var health = await HealthyAsync(stoppingToken);
            score.Measured(await benchmark.MeasureAsync(Machine.Identity(health), stoppingToken));
            await keys.FirstKey.WaitAsync(stoppingToken);
            readiness.Ready();
            Log.Ready(logger, readiness.LoadTime, score.Perf);
            await WatchAsync(stoppingToken);
        }
        catch (BenchmarkFailedException error)
        {
            // Stays until a restart; the worker goes on to report it.
            readiness.Report(FaultSource.Benchmark, error.Message);
            Log.NotMeasured(logger, error.Message);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    private async Task<byte[]> HealthyAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var answer = await api.HealthAsync(Patience, cancellationToken);
            if (answer.Body is { } body)
            {
                readiness.Report(FaultSource.Health, null);
                return body;
            }

            if (time.GetElapsedTime(began) > options.LoadLimit && readiness.Report(FaultSource.Health, $"{answer.Fault} (for {options.LoadLimit} now)"))
            {
                Log.NotHealthy(logger, answer.Fault!);
            }

            await Task.Delay(StartInterval, time, cancellationToken);
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        for (var slow = 0; ;)
        {
            await Task.Delay(options.HealthInterval, time, cancellationToken);
            var answer = await api.HealthAsync(Patience, cancellationToken);
            slow = answer.TimedOut ? slow + 1 : 0;
            if (answer.TimedOut && slow < SlowAnswersUntilError)
            {
                continue;
            }

            if (readiness.Report(FaultSource.Health, answer.Fault))
            {
                if (answer.Fault is { } fault)
                {
                    Log.NotHealthy(logger, fault);
                }
                else
                {
                    // What its log said before was of the start that ended.
                    readiness.Report(FaultSource.Log, null);
                    Log.HealthyAgain(logger);
                }
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5401, LogLevel.Information, "Ready after {Seconds:0.#} s with {Perf:0.#} load units per second")]
        public static partial void Ready(ILogger logger, double seconds, double perf);

        [LoggerMessage(5402, LogLevel.Error, "{Reason}. The worker gets no requests until it is started again")]
        public static partial void NotMeasured(ILogger logger, string reason);

        [LoggerMessage(5403, LogLevel.Error, "{Reason}. The worker gets no requests until that is over")]
        public static partial void NotHealthy(ILogger logger, string reason);

        [LoggerMessage(5405, LogLevel.Error, "The worker gets no requests until it is started again: {Reason}")]
        public static partial void NotPrepared(ILogger logger, string reason);

        [LoggerMessage(5404, LogLevel.Information, "The API service is healthy again")]
        public static partial void HealthyAgain(ILogger logger);
    }
}
