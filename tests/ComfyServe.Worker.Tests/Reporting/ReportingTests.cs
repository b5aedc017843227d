using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Tests.Reporting;

/// <summary>What a whole worker tells its gateway, and how it obeys.</summary>
public sealed class ReportingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Status_FirstAndReady_AreAsTheOriginals() // 59
    {
        await using var worker = await RunningWorker.StartAsync(perf: 198.5, untilReady: false, health: 503);
        await worker.Gateway.UntilAsync(static g => g.Statuses.Count > 0);
        var first = worker.Gateway.Statuses[0];
        worker.Api.Health = 200;
        await worker.Gateway.UntilReadyAsync();
        var ready = worker.Gateway.Statuses.First(static s => (double)s["loadtime"]! > 0);

        foreach (var member in (string[])["id", "mtoken", "version", "loadtime", "cur_load", "rej_load", "new_load", "error_msg", "max_perf", "cur_perf", "cur_capacity",
            "max_capacity", "num_requests_working", "num_requests_recieved", "additional_disk_usage", "working_request_idxs", "url"])
        {
            Assert.True(first.ContainsKey(member), member);
        }

        Assert.Equal((0.0, 0.0, ""), ((double)first["loadtime"]!, (double)first["max_perf"]!, (string)first["error_msg"]!));
        Assert.Equal((FakeGateway.WorkerId, FakeGateway.Mtoken, worker.Url), ((long)first["id"]!, (string)first["mtoken"]!, (string)first["url"]!));
        Assert.Equal(198.5, (double)ready["max_perf"]!);
        Assert.Equal(10, (double)ready["comfyserve"]!["max_queue_time"]!);
        Assert.True((long)ready["comfyserve"]!["sequence"]! > (long)first["comfyserve"]!["sequence"]!);
    }

    [Fact]
    public async Task Status_WhileAndAfterARequest_HasItsLoad() // 60
    {
        await using var worker = await RunningWorker.StartAsync();
        var release = new TaskCompletionSource();
        worker.Api.Answer = async (context, _) =>
        {
            await release.Task;
            await FakeApi.WriteAsync(context, 200, FakeApi.Completed);
        };
        var ticket = worker.Gateway.Ticket(worker.Url);
        var request = worker.GenerateAsync(ticket);

        await worker.Gateway.UntilAsync(g => g.Statuses.Any(s => (double)s["cur_load"]! == 100 && (double)s["new_load"]! == 100
            && (double)s["num_requests_working"]! == 1 && (long)s["working_request_idxs"]!.AsArray().Single()! == (long)ticket["request_idx"]!));
        release.SetResult();
        using var answer = await request;

        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (double)s["cur_perf"]! == 100 && (double)s["new_load"]! == 0 && (double)s["cur_load"]! == 0));
    }

    [Fact]
    public async Task Status_GatewayAway_AmountsComeLater() // 61
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Gateway.Status = 503;
        using (await worker.GenerateAsync())
        {
        }

        using (await worker.GenerateAsync())
        {
        }

        worker.Gateway.Status = 200;

        await worker.Gateway.UntilAsync(static g => g.Statuses.Sum(static s => (double)s["cur_perf"]!) == 200 && g.Statuses.Sum(static s => (double)s["new_load"]!) == 200);
        await worker.Gateway.UntilAsync(static g => g.Ended.Count == 2);
    }

    [Fact]
    public async Task Status_FirstAddressDead_TheSecondGetsIt() // 61
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.Gateways = [new Uri("http://127.0.0.1:1"), .. o.Gateways]);

        using var answer = await worker.GenerateAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await worker.Gateway.UntilAsync(static g => g.Ended.Count == 1);
    }

    [Fact]
    public async Task Post_FirstAddressHangs_GoesToTheOtherAtOnceFromThenOn()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var hanging = new TcpListener(IPAddress.Loopback, 0);
        hanging.Start();
        using var client = new GatewayClient(new WorkerOptions { Gateways = [new Uri($"http://{hanging.LocalEndpoint}"), gateway.Url] });

        var first = await client.PostAsync("/worker_status/", new WorkerStatus { Id = 1 }, ServerlessJson.Default.WorkerStatus, skips: null, Token);
        using var asked = await hanging.AcceptSocketAsync(Token);
        var second = await client.PostAsync("/worker_status/", new WorkerStatus { Id = 2 }, ServerlessJson.Default.WorkerStatus, skips: null, Token);

        Assert.True(first.IsAccepted);
        Assert.True(second.IsAccepted);
        Assert.False(hanging.Pending());
        Assert.Equal([1, 2], gateway.Statuses.Select(static s => (long)s["id"]!));
    }

    [Fact]
    public async Task Ended_TwoOutcomes_AreOneCallInTheNewerFormAndTwoInTheOlder() // 64
    {
        await using var worker = await RunningWorker.StartAsync();
        var ledger = worker.Get<Worker.Admission.LoadLedger>();
        worker.Gateway.Status = 503;
        ledger.End(ledger.TryEnter(1, 100, Worker.Admission.LoadKind.Request)!, Worker.Admission.WorkOutcome.Served);
        ledger.End(ledger.TryEnter(2, 100, Worker.Admission.LoadKind.Request)!, Worker.Admission.WorkOutcome.Broken);
        worker.Gateway.Status = 200;
        await worker.Gateway.UntilAsync(static g => g.Ended.Count == 2);

        worker.Gateway.KnowsOlderFormOnly = true;
        ledger.End(ledger.TryEnter(3, 100, Worker.Admission.LoadKind.Request)!, Worker.Admission.WorkOutcome.Served);
        ledger.End(ledger.TryEnter(4, 100, Worker.Admission.LoadKind.Request)!, Worker.Admission.WorkOutcome.Broken);
        await worker.Gateway.UntilAsync(static g => g.Deletions.SelectMany(static d => d["request_idxs"]?.AsArray() ?? []).Count() == 2);

        Assert.Equal([(1, true), (2, false)], worker.Gateway.Ended.Select(static e => ((long)e["request_idx"]!, (bool)e["success"]!)).Order());
        Assert.Equal(
            [(3, true), (4, false)],
            worker.Gateway.Deletions.Where(static d => d.ContainsKey("request_idxs")).Select(static d => ((long)d["request_idxs"]!.AsArray().Single()!, (bool)d["success"]!)).Order());
    }

    [Fact]
    public async Task Health_BadAfterReady_IsAnErrorUntilItIsGoodAgain() // 58
    {
        await using var worker = await RunningWorker.StartAsync(untilReady: false, health: 503);
        await worker.Gateway.UntilAsync(static g => g.Statuses.Count > 3);
        Assert.All(worker.Gateway.Statuses, static s => Assert.Equal("", (string)s["error_msg"]!));
        worker.Api.Health = 200;
        await worker.Gateway.UntilReadyAsync();

        worker.Api.Health = 503;
        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (string)s["error_msg"]! == "The API service's health is HTTP 503"));
        var broken = worker.Gateway.Statuses.Count;
        worker.Api.Health = 200;

        await worker.Gateway.UntilAsync(g => g.Statuses.Skip(broken).Any(static s => (string)s["error_msg"]! == ""));
    }

    [Fact]
    public async Task Benchmark_Fails_IsReportedAsAnError() // 56
    {
        await using var worker = await RunningWorker.StartAsync(perf: null, untilReady: false, change: static o => o.BenchmarkRounds = 1);
        worker.Api.Answer = static (context, _) => FakeApi.WriteAsync(context, 500, """{"status":"failed","message":"no"}""");

        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s =>
            ((string)s["error_msg"]!).StartsWith("No successful responses from benchmark", StringComparison.Ordinal) && (double)s["max_perf"]! == 0));
    }

    [Fact]
    public async Task Command_DrainAndResume_RefusesAndServesAgain()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Gateway.Answer = Said("drain");
        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (bool)s["comfyserve"]!["draining"]!));

        using var refused = await worker.GenerateAsync(worker.Gateway.Granted(worker.Url));
        var drained = worker.Gateway.Statuses.Count;
        worker.Gateway.Answer = Said("resume");
        await worker.Gateway.UntilAsync(g => g.Statuses.Skip(drained).Any(static s => !(bool)s["comfyserve"]!["draining"]!));
        using var served = await worker.GenerateAsync(worker.Gateway.Granted(worker.Url));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
    }

    [Fact]
    public async Task Command_Stop_EndsWhenNothingIsLeft()
    {
        await using var worker = await RunningWorker.StartAsync();
        var (running, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        worker.Api.Answer = async (context, _) =>
        {
            running.SetResult();
            await release.Task;
            await FakeApi.WriteAsync(context, 200, FakeApi.Completed);
        };
        var stopping = worker.Get<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().ApplicationStopping;
        var request = worker.GenerateAsync();
        await running.Task;

        worker.Gateway.Answer = Said("stop");
        await worker.Gateway.UntilAsync(static g => g.Statuses.Any(static s => (bool)s["comfyserve"]!["draining"]!));
        Assert.False(stopping.IsCancellationRequested);
        release.SetResult();

        using var answer = await request;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var stopped = new TaskCompletionSource();
        await using var registration = stopping.Register(stopped.SetResult);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(10), Token);
    }

    [Fact]
    public async Task Stop_LastNews_ReachesTheGateway()
    {
        await using var worker = await RunningWorker.StartAsync(change: static o => o.ReportInterval = TimeSpan.FromSeconds(30));
        using var answer = await worker.GenerateAsync();

        await worker.StopAsync();

        Assert.Equal(100, worker.Gateway.Statuses.Sum(static s => (double)s["cur_perf"]!));
        Assert.Single(worker.Gateway.Ended);
        Assert.True((bool)worker.Gateway.Statuses[^1]["comfyserve"]!["draining"]!);
    }

    [Fact]
    public async Task Launch_NoCertificateToBeHad_IsReported() // 67
    {
        await using var gateway = await FakeGateway.StartAsync();
        var folder = Directory.CreateTempSubdirectory("comfyserve-tls-");
        var options = new WorkerOptions
        {
            Id = 4242,
            Mtoken = "t",
            Gateways = [gateway.Url],
            Port = 0,
            UseTls = true,
            CertificatePath = Path.Combine(folder.FullName, "a.crt"),
            CertificateKeyPath = Path.Combine(folder.FullName, "a.key"),
        };
        await using var app = WorkerServer.Build(options, static b => b.Logging.ClearProviders());

        var error = await Assert.ThrowsAsync<LaunchException>(() => app.StartAsync(Token));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var reports = LaunchFailure.ReportAsync(options, error.Message, TimeProvider.System, enough.Token);
        await gateway.UntilAsync(static g => g.Statuses.Any(static s => ((string)s["error_msg"]!).StartsWith("Worker Server failed to launch: There is no certificate", StringComparison.Ordinal)));
        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reports);
        folder.Delete(recursive: true);
    }

    private static JsonObject Said(string command) => new()
    {
        ["success"] = true,
        ["grants"] = true,
        ["command"] = command,
        ["now"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
    };
}
