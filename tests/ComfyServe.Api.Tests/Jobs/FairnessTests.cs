using ComfyServe.Api.Inputs;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Keys;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Web;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Api.Tests.Jobs;

/// <summary>What one key does with hosts and queues costs another one nothing.</summary>
public sealed class FairnessTests
{
    private static readonly byte[] Png = FakeImage.Png("fair", 300);

    [Fact]
    public async Task Fetch_AHundredHangingHostsOfOneKey_AnotherKeysInputsComeAtOnce()
    {
        await using var server = await FileServer.StartAsync(static context => context.Request.Path.StartsWithSegments("/hang", StringComparison.Ordinal)
            ? Task.Delay(Timeout.Infinite, context.RequestAborted)
            : FileServer.Bytes(Png)(context));
        await using var host = await StartAsync(static o => (o.MaxQueueSize, o.AllowedHosts, o.ChecksWorkflows) = (300, ["127.0.0.1"], false));
        using var bob = Client(host, "bob");
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(202, await PostAsync(bob, "/generate", Load($"{server.BaseUrl}/hang/{i}")));
        }

        var cache = host.Services.GetRequiredService<InputCache>();
        await server.ReceivedAsync(8);
        using var ann = Client(host, "ann");
        var hers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PostAsync(ann, "/generate/sync", Load($"{server.BaseUrl}/{i}.png"))));

        Assert.All(hers, static status => Assert.Equal(200, status));
        Assert.Equal(8, server.Requests.Count(static r => r.Path.StartsWith("/hang", StringComparison.Ordinal))); // half of the sixteen
        Assert.Equal(92, cache.Waiting);
    }

    [Fact]
    public async Task Fetch_SameUrlAsInAnothersLine_IsNotWaitedForInThatLine()
    {
        await using var server = await FileServer.StartAsync(static context => context.Request.Path.StartsWithSegments("/hang", StringComparison.Ordinal)
            ? Task.Delay(Timeout.Infinite, context.RequestAborted)
            : FileServer.Bytes(Png)(context));
        await using var host = await StartAsync(static o => (o.Inputs.MaxFetches, o.AllowedHosts, o.ChecksWorkflows) = (2, ["127.0.0.1"], false));
        using var bob = Client(host, "bob");
        await PostAsync(bob, "/generate", Load($"{server.BaseUrl}/hang/1"));
        await server.ReceivedAsync(1);
        await PostAsync(bob, "/generate", Load($"{server.BaseUrl}/shared.png"));
        while (host.Services.GetRequiredService<InputCache>().Waiting == 0)
        {
            await Task.Yield();
        }

        using var ann = Client(host, "ann");

        Assert.Equal(200, await PostAsync(ann, "/generate/sync", Load($"{server.BaseUrl}/shared.png")));
    }

    [Fact]
    public async Task Queue_OneKeyFillsIt_AnotherIsAcceptedAndTakesTurns()
    {
        await using var host = await StartAsync(static o => o.MaxQueueSize = 19);
        using var bob = Client(host, "bob");
        using var ann = Client(host, "ann");

        var his = new List<int>();
        for (var i = 0; i < 19; i++)
        {
            his.Add(await PostAsync(bob, "/generate", Body(Workflows.Long, $"bob{i}")));
        }

        await host.Engine.SubmittedAsync(2); // one runs, one is prefetched
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(202, await PostAsync(ann, "/generate", Body(Workflows.Long, $"ann{i}")));
        }

        Assert.Equal((10, 9), (his.Count(static s => s == 202), his.Count(static s => s == 503))); // half of the nineteen and the engine's one
        using var refused = await bob.PostAsync("/generate", Body(Workflows.Long, "more"), TestContext.Current.CancellationToken);
        Assert.Contains("10 in flight for this key, its share", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal([(1, "ann0"), (2, "bob2"), (3, "ann1"), (4, "bob3")], await PlacesAsync(host));
        var submitted = 2;
        foreach (var (canceller, id) in new[] { (bob, "bob0"), (bob, "bob1"), (ann, "ann0") })
        {
            await canceller.PostAsync($"/cancel/{id}", null, TestContext.Current.CancellationToken);
            await host.Engine.SubmittedAsync(++submitted);
        }

        Assert.Equal(["bob0", "bob1", "ann0", "bob2", "ann1"], host.Engine.Submitted.Take(5).Select(NameOf));
    }

    [Fact]
    public async Task Queue_NoKeys_IsFirstComeFirstServed()
    {
        await using var host = await ApiHost.StartAsync();
        for (var i = 0; i < 8; i++)
        {
            await host.SubmitAsync(Named(Workflows.Long, $"job{i}"), $""", "request_id": "job{i}" """);
        }

        for (var i = 0; i < 6; i++)
        {
            await host.Engine.SubmittedAsync(i + 2);
            await host.PostAsync($"/cancel/job{i}", "{}");
        }

        await host.Engine.SubmittedAsync(8);
        Assert.Equal(Enumerable.Range(0, 8).Select(static i => $"job{i}"), host.Engine.Submitted.Select(NameOf));
    }

    /// <summary>The first places of the queue, as the jobs' callers are told.</summary>
    private static async Task<IReadOnlyList<(int Position, string Id)>> PlacesAsync(ApiHost host)
    {
        var (jobs, queues) = (host.Services.GetRequiredService<JobService>(), host.Services.GetRequiredService<JobQueues>());
        var places = new List<(int Position, string Id)>();
        foreach (var id in Enumerable.Range(0, 10).SelectMany(static i => new[] { $"ann{i}", $"bob{i}" }))
        {
            if (await jobs.FindAsync(new(id[..3], id), TestContext.Current.CancellationToken) is { } job && queues.PlaceOf(job) is { Position: > 0 } place)
            {
                places.Add((place.Position, id));
            }
        }

        return [.. places.OrderBy(static p => p.Position).Take(4)];
    }

    private static string NameOf(FakePrompt prompt) => (string)prompt.Graph["1"]!["_meta"]!["title"]!;

    private static string Named(string workflow, string name) => workflow.Replace("\"inputs\"", $$"""
        "_meta": {"title": "{{name}}"}, "inputs"
        """, StringComparison.Ordinal);

    private static StringContent Body(string workflow, string id) => ApiHost.Body(Named(workflow, id), $""", "request_id": "{id}" """);

    private static StringContent Load(string url) => ApiHost.Body($$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{url}}}}"}}}""");

    private static HttpClient Client(ApiHost host, string name) =>
        new() { BaseAddress = host.Http.BaseAddress, DefaultRequestHeaders = { { "X-API-Key", $"{name}-key-0123456789" } } };

    private static async Task<int> PostAsync(HttpClient client, string path, HttpContent body)
    {
        using var answer = await client.PostAsync(path, body, TestContext.Current.CancellationToken);
        return (int)answer.StatusCode;
    }

    private static Task<ApiHost> StartAsync(Action<ApiOptions> configure) => ApiHost.StartAsync(o =>
    {
        o.ApiKeys = [ApiKey.Parse("ann:ann-key-0123456789"), ApiKey.Parse("bob:bob-key-0123456789")];
        configure(o);
    });
}
