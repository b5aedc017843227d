using System.Security.Cryptography;
using ComfyServe.Jobs;
using ComfyServe.Testing.Databases;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Jobs;

/// <summary>The service with its ledger in a real PostgreSQL.</summary>
public sealed class PostgresTests(PostgresTests.Server server) : IClassFixture<PostgresTests.Server>
{
    private const string Brief = """{"1": {"class_type": "FakeSleep", "inputs": {"ms": 500}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";

    [Fact]
    public async Task Restart_JobsUnderWay_AreTakenUpAndToldOnce()
    {
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        var database = await server.DatabaseAsync();
        await using var host = await ApiHost.StartAsync(o => (o.LedgerPostgres, o.Webhook.Url) = (database, receiver.BaseUrl));
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(202, (await host.SubmitAsync(Brief, $""", "request_id": "job{i}" """)).Status);
        }

        await host.RestartAsync();

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("completed", (string?)(await host.GetAsync($"/result/job{i}?wait=60")).Body["status"]);
        }

        Assert.Equal(4, host.Engine.Runs.Count);
        await receiver.ReceivedAsync(4);
        Assert.Equal(4, receiver.Requests.Select(r => r.Headers["webhook-id"]).Distinct().Count());
    }

    [Fact]
    public async Task IdempotencyKey_AfterARestart_StillRunsOnce()
    {
        var database = await server.DatabaseAsync();
        await using var host = await ApiHost.StartAsync(o => o.LedgerPostgres = database);

        var (_, first) = await host.PostAsync("/generate/sync", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k1");
        await host.RestartAsync();
        var (_, second) = await host.PostAsync("/generate/sync", ApiHost.Body(Workflows.Image), "Idempotency-Key", "k1");

        Assert.Equal(((string?)first["id"], "completed"), ((string?)second["id"], (string?)second["status"]));
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task Ledger_DatabaseDiesDuringAJob_RefusesWorkAndWritesTheEndAfterwards()
    {
        var database = await server.DatabaseAsync();
        await using var host = await ApiHost.StartAsync(o => o.LedgerPostgres = database);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "abc" """);
        await host.Engine.RunningAsync();
        await server.CrashAsync();

        var (refused, answer) = await host.SubmitAsync(Workflows.Image, """, "request_id": "refused" """);
        host.Engine.InterruptRunning(); // the job ends while nothing can be written
        var (_, early) = await host.GetAsync("/result/abc?wait=60");
        var (unread, said) = await host.GetAsync("/result/nobodys");
        await server.ReviveAsync();

        Assert.Equal((503, "The service's record of jobs cannot be reached now; try again later"), (unread, (string?)said["detail"]));
        Assert.Equal((503, "ledger_unavailable"), (refused, (string?)answer["error"]!["code"]));
        Assert.Equal("run_interrupted", (string?)early["error"]!["code"]);
        await AcceptedAgainAsync(host);
        await host.RestartAsync();
        Assert.Equal("failed", (string?)(await host.GetAsync("/result/abc?wait=60")).Body["status"]);
        Assert.Equal(1, host.Engine.Submitted.Count(p => p.GraphText.Contains("FakeSleep", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Services_OneDatabaseAndKey_SeeEachOthersResultsAndShareTheOutbox()
    {
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        var database = await server.DatabaseAsync();
        var key = RandomNumberGenerator.GetBytes(32);
        await using var one = await ApiHost.StartAsync(Configure);
        await using var two = await ApiHost.StartAsync(Configure);

        await one.SubmitAsync(Workflows.Image, """, "request_id": "abc" """);
        await one.GetAsync("/result/abc?wait=60"); // told when it is on disk
        var (status, answer) = await two.GetAsync("/result/abc?url_lifetime=60");
        using var file = await one.Http.GetAsync((string?)answer["output"]![0]!["url"], TestContext.Current.CancellationToken);
        var (conflict, _) = await two.SubmitAsync(Workflows.Steps, """, "request_id": "abc" """);
        await receiver.ReceivedAsync(2);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal(200, (int)file.StatusCode); // the fresh URL leads to the service that keeps the file
        Assert.Equal(202, conflict); // the id is free again once its job is over
        Assert.Equal(2, receiver.Requests.Select(r => r.Headers["webhook-id"]).Distinct().Count());

        void Configure(ApiOptions options) => (options.LedgerPostgres, options.LedgerKey, options.Webhook.Url) = (database, key, receiver.BaseUrl);
    }

    [Fact]
    public async Task Services_OneDatabaseAndTwoKeys_TheSecondSaysWhyItDoesNotStart()
    {
        var database = await server.DatabaseAsync();
        await using var one = await ApiHost.StartAsync(o => o.LedgerPostgres = database);

        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => ApiHost.StartAsync(o => o.LedgerPostgres = database));

        Assert.Contains("sealed with another key", refused.Message, StringComparison.Ordinal);
    }

    private static async Task AcceptedAgainAsync(ApiHost host)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while ((await host.SubmitAsync(Workflows.Image)).Status != 202)
        {
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>One server for the class; each test has its own database.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private PostgresServer? _server;

        public async ValueTask InitializeAsync()
        {
            if (PostgresServer.IsInstalled)
            {
                _server = await PostgresServer.StartAsync();
            }
        }

        public async Task<string> DatabaseAsync()
        {
            Assert.SkipWhen(_server is null, "PostgreSQL is not installed");
            return await _server!.CreateDatabaseAsync();
        }

        public Task CrashAsync() => _server!.CrashAsync();

        public Task ReviveAsync() => _server!.StartServerAsync();

        public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
