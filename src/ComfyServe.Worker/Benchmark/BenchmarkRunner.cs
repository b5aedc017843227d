using ComfyServe.Worker.Forwarding;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Benchmark;

/// <summary>
/// Measures the machine: one generation to warm up, then rounds of as many at the same time as the worker runs; load ÷ time of
/// the best round. Only generations that are verified count.
/// </summary>
internal sealed partial class BenchmarkRunner(
    WorkerOptions options, ApiService api, BenchmarkChoice choice, BenchmarkFile file, Random random, TimeProvider time, ILogger<BenchmarkRunner> logger)
{
    /// <summary>Load of one generation: the original's unit.</summary>
    public const double Load = 100;

    private const int Tries = 5;
    private static readonly TimeSpan RefusalTime = TimeSpan.FromSeconds(1);

    /// <summary>Pause before the first repetition of a call that did not get through; each further one is longer by as much.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The machine's load units per second, from the stored result where that still holds.</summary>
    /// <param name="machine">See <see cref="Machine.Identity"/>.</param>
    /// <param name="cancellationToken">Ends the measuring.</param>
    /// <exception cref="BenchmarkFailedException">No generation succeeded.</exception>
    public async Task<double> MeasureAsync(string machine, CancellationToken cancellationToken)
    {
        var stored = file.Read();
        if (stored is { Machine: null })
        {
            Log.Honoured(logger, stored.Perf);
            return stored.Perf;
        }

        var prompts = choice.Prompts();
        var refusals = new List<string>();
        foreach (var workflow in choice.Candidates())
        {
            if (stored is not null && stored.Machine == machine && stored.Workflow == workflow.Identity)
            {
                Log.Stored(logger, workflow.Name, stored.Perf);
                return stored.Perf;
            }

            var warmUp = await WarmUpAsync(workflow, prompts, cancellationToken);
            if (warmUp.Verdict == GenerationVerdict.Refused && !workflow.IsCustom)
            {
                refusals.Add($"{workflow.Name}: {warmUp.Detail}");
                Log.Refused(logger, workflow.Name, warmUp.Detail);
                continue;
            }

            // As with the original, a warm-up that fails does not decide; the rounds do.
            var perf = await RoundsAsync(workflow, prompts, cancellationToken);
            file.Write(new BenchmarkRecord { Perf = perf, Machine = machine, Workflow = workflow.Identity }, workflow.Name);
            Log.Measured(logger, workflow.Name, perf);
            return perf;
        }

        throw new BenchmarkFailedException($"No successful responses from benchmark: {string.Join("; ", refusals)}");
    }

    // A workflow that the machine cannot run is refused at once: what is said is said of the one that is measured with.
    private async Task<Generation> WarmUpAsync(BenchmarkWorkflow workflow, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        var generation = GenerateAsync(workflow, prompts, cancellationToken);
        await Task.WhenAny(generation, Task.Delay(RefusalTime, time, cancellationToken));
        if (!generation.IsCompletedSuccessfully || (await generation).Verdict != GenerationVerdict.Refused)
        {
            Log.Measures(logger, workflow.Name);
        }

        return await generation;
    }

    private async Task<double> RoundsAsync(BenchmarkWorkflow workflow, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        var (best, reason, began) = (0.0, "", time.GetTimestamp());
        for (var round = 0; round < options.BenchmarkRounds && (round == 0 || time.GetElapsedTime(began) < options.BenchmarkBudget); round++)
        {
            var start = time.GetTimestamp();
            var generations = await Task.WhenAll(Enumerable.Range(0, options.ParallelRequests).Select(_ => GenerateAsync(workflow, prompts, cancellationToken)));
            var seconds = time.GetElapsedTime(start).TotalSeconds;
            var verified = generations.Count(static g => g.Verdict == GenerationVerdict.Verified);
            if (verified == 0)
            {
                reason = generations[0].Detail;
                continue;
            }

            best = Math.Max(best, verified * Load / Math.Max(seconds, 1e-3));
        }

        return best > 0 ? best : throw new BenchmarkFailedException($"No successful responses from benchmark with {workflow.Name}: {reason}");
    }

    // The API service may be healthy and yet not listen for a moment, or have its queue full: worth another try.
    private async Task<Generation> GenerateAsync(BenchmarkWorkflow workflow, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var generation = await api.GenerateAsync(workflow.Payload(Draw(), prompts), workflow.Graph.Count, options.BenchmarkCallLimit, cancellationToken);
            if (generation.Verdict != GenerationVerdict.Unreachable || attempt == Tries)
            {
                return generation;
            }

            await Task.Delay(Pause * attempt, time, cancellationToken);
        }
    }

    // Rounds of several generations draw at the same time, and Random is not made for that.
    private Random Draw()
    {
        lock (random)
        {
            return new Random(random.Next());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5121, LogLevel.Information, "The result in .has_benchmark is used: {Perf:0.#} load units per second")]
        public static partial void Honoured(ILogger logger, double perf);

        [LoggerMessage(5122, LogLevel.Information, "Measured before with {Workflow} on this machine: {Perf:0.#} load units per second")]
        public static partial void Stored(ILogger logger, string workflow, double perf);

        [LoggerMessage(5123, LogLevel.Debug, "The benchmark cannot use {Workflow}, so the next one is tried: {Reason}")]
        public static partial void Refused(ILogger logger, string workflow, string reason);

        [LoggerMessage(5124, LogLevel.Information, "Measured with {Workflow}: {Perf:0.#} load units per second, of which a request has 100")]
        public static partial void Measured(ILogger logger, string workflow, double perf);

        [LoggerMessage(5125, LogLevel.Information, "Measuring this machine with {Workflow}; requests through the gateway wait until that is done")]
        public static partial void Measures(ILogger logger, string workflow);
    }
}
