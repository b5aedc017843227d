using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Tests;

/// <summary>A gateway that signs tickets and writes down what a worker reports.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    public const long WorkerId = 4242;
    public const string Mtoken = "worker-token";

    private readonly Lock _gate = new();
    private readonly List<JsonObject> _statuses = [];
    private readonly List<JsonObject> _deletions = [];
    private readonly List<(Func<FakeGateway, bool> Holds, TaskCompletionSource Done)> _waiters = [];
    private WebApplication? _app;
    private static readonly RSA FirstKey = RSA.Create(2048);
    private RSA _key = FirstKey;
    private int _keyCalls;
    private long _requests = 100;

    public Uri Url { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>What it answers reports with.</summary>
    public JsonObject Answer { get; set; } = [];

    /// <summary>Status of its answers to reports and news of ended requests.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Status of <c>/pubkey/</c>.</summary>
    public int KeyStatus { get; set; } = 200;

    /// <summary>How often the key was asked for.</summary>
    public int KeyCalls => Volatile.Read(ref _keyCalls);

    /// <summary>Refuses the newer form of ended requests, as a gateway that does not know it.</summary>
    public bool KnowsOlderFormOnly { get; set; }

    public IReadOnlyList<JsonObject> Statuses
    {
        get
        {
            lock (_gate)
            {
                return [.. _statuses];
            }
        }
    }

    public IReadOnlyList<JsonObject> Deletions
    {
        get
        {
            lock (_gate)
            {
                return [.. _deletions];
            }
        }
    }

    /// <summary>The ended requests in the newer form.</summary>
    public IReadOnlyList<JsonObject> Ended => [.. Deletions.SelectMany(static d => d["requests"]?.AsArray().Select(static r => r!.AsObject()) ?? [])];

    public static async Task<FakeGateway> StartAsync()
    {
        var gateway = new FakeGateway();
        var app = LoopbackServer.Build();
        app.MapGet("/pubkey/", gateway.GiveKey);
        app.MapPost("/worker_status/", context => gateway.TakeAsync(context, gateway._statuses));
        app.MapPost("/delete_requests/", context => gateway.TakeAsync(context, gateway._deletions));
        await app.StartAsync(TestContext.Current.CancellationToken);
        (gateway._app, gateway.Url) = (app, new Uri(app.Urls.First()));
        return gateway;
    }

    /// <summary>From now on it signs with another key.</summary>
    public void ReplaceKey() => _key = RSA.Create(2048);

    /// <summary>A ticket for a worker's URL, with the original's signature alone.</summary>
    public JsonObject Ticket(string url, double cost = 100)
    {
        var idx = Interlocked.Increment(ref _requests);
        return new JsonObject
        {
            ["cost"] = cost,
            ["endpoint"] = "comfyui-json",
            ["reqnum"] = idx - 90,
            ["request_idx"] = idx,
            ["signature"] = UrlSignature.Sign(_key, url),
            ["url"] = url,
            ["__request_id"] = Guid.NewGuid().ToString(),
        };
    }

    /// <summary>A ticket with a grant too.</summary>
    public JsonObject Granted(string url, double cost = 100, long workerId = WorkerId, DateTimeOffset? ends = null, string? nonce = null)
    {
        var ticket = Ticket(url, cost);
        var expires = (ends ?? DateTimeOffset.UtcNow.AddMinutes(1)).ToUnixTimeMilliseconds();
        nonce ??= "key-1." + Guid.NewGuid().ToString("N");
        ticket["grant"] = new JsonObject
        {
            ["version"] = 1,
            ["worker_id"] = workerId,
            ["expires_at"] = expires,
            ["nonce"] = nonce,
            ["signature"] = GrantSignature.Sign(
                GrantSignature.KeyFor(Mtoken), "comfyui-json", url, cost, (long)ticket["reqnum"]!, (long)ticket["request_idx"]!, workerId, expires, nonce),
        };
        return ticket;
    }

    /// <summary>Waits until what it has been told fulfils something.</summary>
    public async Task UntilAsync(Func<FakeGateway, bool> holds)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (holds(this))
            {
                return;
            }

            _waiters.Add((holds, done));
        }

        try
        {
            await done.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"not reported in time; last status: {(Statuses is [.., var last] ? last.ToJsonString() : "none")}; ended: {string.Join(' ', Deletions.Select(static d => d.ToJsonString()))}");
        }
    }

    public Task UntilReadyAsync() => UntilAsync(static g => g.Statuses.Any(static s => (double)s["loadtime"]! > 0));

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _app, null) is { } app)
        {
            await app.StopAsync(new CancellationToken(true));
            await app.DisposeAsync();
        }
    }

    private IResult GiveKey()
    {
        Interlocked.Increment(ref _keyCalls);
        return Results.Text(_key.ExportSubjectPublicKeyInfoPem(), statusCode: KeyStatus);
    }

    private async Task TakeAsync(HttpContext context, List<JsonObject> into)
    {
        var body = (await JsonSerializer.DeserializeAsync<JsonNode>(context.Request.Body, cancellationToken: context.RequestAborted))!.AsObject();
        if (Status != 200 || (KnowsOlderFormOnly && body.ContainsKey("requests")))
        {
            context.Response.StatusCode = Status == 200 ? 422 : Status;
            return;
        }

        lock (_gate)
        {
            into.Add(body);
            foreach (var waiter in _waiters.Where(w => w.Holds(this)).ToArray())
            {
                _waiters.Remove(waiter);
                waiter.Done.SetResult();
            }
        }

        await context.Response.WriteAsync(Answer.ToJsonString());
    }
}
