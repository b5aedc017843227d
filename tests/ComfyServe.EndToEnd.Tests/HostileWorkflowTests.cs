using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>An engine with 2 GB that gets hostile workflows, one after another, and another caller's small job behind each.</summary>
public sealed class HostileWorkflowTests : IDisposable
{
    private const long Memory = 2L << 30;
    private const int Seed = 20261130;

    // Of each hostile run; the small job waits for it.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-hostile");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public Task Engine_HundredsOfHostileWorkflows_LivesAndServesOthers() => ServeAsync(warmUp: 200, cases: 320, ease: 4, growth: 1.5);

    [Fact]
    public Task Engine_TenThousandHostileWorkflows_LivesAndServesOthers()
    {
        Assert.SkipUnless(RecordedData.IsFull, "runs 10,000 workflows; set COMFYSERVE_TEST_FULL=1");
        return ServeAsync(warmUp: 500, cases: 10_000, ease: 3, growth: 1.1);
    }

    // After a short warm-up a process still grows by compiled code and pools: only the long run tells what is kept of each workflow.
    private async Task ServeAsync(int warmUp, int cases, int ease, double growth)
    {
        await using var engine = ComfyServeProcess.Start(["engine", "--port", "0", "--data", _folder.FullName], dataLimit: Memory);
        using var client = new HttpClient { BaseAddress = await engine.ReadyAsync(Cancellation), Timeout = TimeSpan.FromMinutes(1) };
        var workflows = new HostileWorkflows((await client.GetFromJsonAsync<JsonObject>("/object_info", Cancellation))!, new Random(Seed), ease);
        var waits = new List<(TimeSpan Wait, string Kind, string Graph)>();

        for (var i = 0; i < warmUp; i++)
        {
            await AttackAsync(client, engine, workflows.Next(), i);
        }

        var before = await QuietMemoryAsync(client, engine);
        for (var i = warmUp; i < cases; i++)
        {
            var workflow = workflows.Next();
            var text = workflow.Graph.ToJsonString();
            waits.Add((await AttackAsync(client, engine, workflow, i), workflow.Kind, text[..Math.Min(text.Length, 1000)]));
        }

        var after = await QuietMemoryAsync(client, engine);
        var longest = waits.OrderByDescending(w => w.Wait).Take(8).ToList();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{cases} workflows; {before >> 20} MiB before, {after >> 20} MiB after; the longest waits:\n"
            + string.Join('\n', longest.Select(w => $"{w.Wait.TotalSeconds:0.00} s: {w.Kind} {w.Graph}")));
        Assert.InRange(longest[0].Wait, TimeSpan.Zero, 2 * Budget);
        Assert.InRange(after, 0, before * growth);
        Assert.Equal(0, await engine.StopAsync(Cancellation));
    }

    /// <summary>Posts a hostile workflow and a small job behind it.</summary>
    /// <returns>How long the small job took.</returns>
    private static async Task<TimeSpan> AttackAsync(HttpClient client, ComfyServeProcess engine, (string Kind, JsonObject Graph) workflow, int number)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var body = new JsonObject { ["prompt"] = workflow.Graph, ["extra_data"] = new JsonObject { ["run_seconds"] = Budget.TotalSeconds } };
            using (var hostile = await client.PostAsJsonAsync("/prompt", body, Cancellation))
            {
                Assert.True(hostile.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{(int)hostile.StatusCode}");
            }

            start = Stopwatch.GetTimestamp();
            var small = JsonNode.Parse(InstantWorkflow.Text)!;
            small["1"]!["inputs"]!["color"] = number;
            using var reply = await client.PostAsJsonAsync("/prompt", new JsonObject { ["prompt"] = small }, Cancellation);
            var id = (string)(await reply.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["prompt_id"]!;
            while (true)
            {
                if ((await client.GetFromJsonAsync<JsonObject>($"/history/{id}", Cancellation))![id] is { } entry)
                {
                    Assert.Equal("success", (string?)entry["status"]!["status_str"]);
                    return Stopwatch.GetElapsedTime(start);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(10), Cancellation); // the engine has no call that waits
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !Cancellation.IsCancellationRequested)
        {
            var text = workflow.Graph.ToJsonString();
            throw new InvalidOperationException(
                $"workflow {number} ({workflow.Kind}), {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s after it: {exception.Message}\n{engine.Errors}\n{engine.Output[^Math.Min(engine.Output.Length, 5000)..]}\n{text[..Math.Min(text.Length, 3000)]}", exception);
        }
    }

    /// <summary>Resident memory once everything is given back that can be.</summary>
    private static async Task<long> QuietMemoryAsync(HttpClient client, ComfyServeProcess engine)
    {
        using var cleared = await client.PostAsJsonAsync("/history", new JsonObject { ["clear"] = true }, Cancellation);
        using var freed = await client.PostAsJsonAsync("/free", new JsonObject { ["unload_models"] = true, ["free_memory"] = true }, Cancellation);
        _ = await AttackAsync(client, engine, ("nothing", JsonNode.Parse(InstantWorkflow.Text)!.AsObject()), 0);
        var line = (await File.ReadAllLinesAsync($"/proc/{engine.Id}/status", Cancellation)).First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
