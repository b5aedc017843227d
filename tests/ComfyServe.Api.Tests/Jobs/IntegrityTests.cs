using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Jobs;

/// <summary>Many small jobs while things go wrong: none is lost, none ends twice, and each gets its own file.</summary>
public sealed class IntegrityTests
{
    [Fact]
    public async Task Faults_BetweenServiceAndEngines_EveryJobRunsOnceAndEndsOnce()
    {
        var jobs = RecordedData.IsFull ? 10_000 : 300;
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await ApiHost.StartAsync(o =>
        {
            Quick(o);
            o.Webhook.Url = receiver.BaseUrl;
        }, engines: 2);
        foreach (var (engine, seed) in host.Engines.Zip([1, 2]))
        {
            var chance = new Chance(seed);
            engine.Fault = (_, _) => chance.Next() switch
            {
                < 0.01 => FakeEngineFault.DropSockets,
                < 0.03 => FakeEngineFault.Swallow,
                _ => FakeEngineFault.None,
            };
            engine.Answer = request => request.Path != "/ws" && chance.Next() < 0.02 ? Results.StatusCode(500) : null;
        }

        var results = await RunAsync(host, jobs);

        Assert.Empty(Wrong(results));
        Assert.Equal(jobs, results.Count);
        Assert.Equal(jobs, host.Engines.Sum(e => e.Submitted.Count));
        Assert.Equal(jobs, results.Values.Select(PromptOf).Distinct().Count());
        await ToldAsync(receiver, jobs);
    }

    [Fact]
    public async Task Engine_DiesAgainAndAgain_EveryJobEndsWithItsOwnFile()
    {
        var (jobs, deaths) = RecordedData.IsFull ? (3_000, 100) : (120, 4);
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await ApiHost.StartAsync(o =>
        {
            Quick(o);
            o.Webhook.Url = receiver.BaseUrl;
            o.BackendFailureThreshold = 1000; // its pauses are another test's
        }, engines: 2);

        var running = RunAsync(host, jobs);
        for (var death = 1; death <= deaths; death++)
        {
            // The other engine may have done all that is left while this one was away.
            await await Task.WhenAny(host.Engines[0].SubmittedAsync(Math.Min(death * 10, jobs / 10)), running);
            await host.Engines[0].KillAsync();
            await host.Engines[0].ReviveAsync();
        }

        var results = await running;
        Assert.Empty(Wrong(results));
        Assert.Equal(jobs, results.Count);
        Assert.Equal(jobs, results.Values.Select(PromptOf).Distinct().Count());
        await ToldAsync(receiver, jobs);
    }

    /// <summary>Half of the callers wait, half come back for the result.</summary>
    private static async Task<ConcurrentDictionary<string, JsonObject>> RunAsync(ApiHost host, int jobs)
    {
        var results = new ConcurrentDictionary<string, JsonObject>();
        var callers = new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForAsync(0, jobs, callers, async (i, _) =>
        {
            var more = $""", "request_id": "job{i}" """;
            if (i % 2 == 0)
            {
                results[$"job{i}"] = (await host.RunAsync(Workflows.Image, more)).Body;
                return;
            }

            var (status, accepted) = await host.SubmitAsync(Workflows.Image, more);
            results[$"job{i}"] = status == 202 ? (await host.GetAsync($"/result/job{i}?wait=600")).Body : accepted;
        });
        return results;
    }

    private static List<string> Wrong(ConcurrentDictionary<string, JsonObject> results) => [.. results
        .Where(r => (string?)r.Value["status"] != "completed" || r.Value["output"]!.AsArray().Count != 1 || (string?)r.Value["output"]![0]!["sha256"] != HashOf(PromptOf(r.Value)))
        .Select(r => $"{r.Key}: {r.Value["status"]} {r.Value["message"]} {r.Value["output"]?.ToJsonString()}")
        .Take(20)];

    private static string PromptOf(JsonObject result) => (string?)result["comfyui_response"]?["execution_details"]?["prompt_id"] ?? "";

    private static string HashOf(string prompt) => Convert.ToHexStringLower(SHA256.HashData(FakeImage.Png(prompt)));

    /// <summary>Each job's end was told at least once, and always under one id.</summary>
    private static async Task ToldAsync(FileServer receiver, int jobs)
    {
        var told = new Dictionary<string, HashSet<string>>();
        for (var count = jobs; told.Count < jobs; count++)
        {
            await receiver.ReceivedAsync(count);
            told = receiver.Requests.GroupBy(r => (string)JsonNode.Parse(r.Body)!["id"]!, r => r.Headers["webhook-id"]).ToDictionary(g => g.Key, g => g.ToHashSet());
        }

        Assert.All(told.Values, ids => Assert.Single(ids));
    }

    private static void Quick(ApiOptions options)
    {
        options.Times.Silence = TimeSpan.FromMilliseconds(100);
        options.Times.SocketRetry = TimeSpan.FromMilliseconds(20);
        options.MaxQueueSize = 10_000;
    }

    /// <summary>Seeded, and asked by several threads.</summary>
    private sealed class Chance(int seed)
    {
        private readonly Random _random = new(seed);

        public double Next()
        {
            lock (_random)
            {
                return _random.NextDouble();
            }
        }
    }
}
