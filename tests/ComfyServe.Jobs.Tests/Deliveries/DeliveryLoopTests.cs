using System.Collections.Concurrent;
using System.Net;
using System.Text;
using ComfyServe.Hosting.Fairness;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Jobs.Tests.Deliveries;

/// <summary>The loop that empties both services' outboxes, on a clock that the test moves and with receivers that it scripts.</summary>
public sealed class DeliveryLoopTests
{
    [Fact]
    public async Task Loop_AHundredSilentReceiversOfOneOwner_AnothersWebhooksGoAtOnce()
    {
        await using var host = await LedgerHost.OpenAsync(null);
        var receiver = new Receiver(static async (request, token) =>
        {
            await (request.RequestUri!.Host == "silent" ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask);
            return new(HttpStatusCode.OK);
        });
        using var loop = Loop(host, receiver);
        await loop.StartAsync(TestContext.Current.CancellationToken);
        await EndAsync(host, loop, "bob", "http://silent/", 100);
        await receiver.CalledAsync("silent", 32);

        await EndAsync(host, loop, "ann", "http://quick/", 40);
        await receiver.CalledAsync("quick", 40);

        Assert.Equal(32, receiver.Count("silent")); // half of the sixty-four
        host.Time.Advance(TimeSpan.FromSeconds(61)); // their time is over, and others of his come
        await receiver.CalledAsync("silent", 64);
        await EndAsync(host, loop, "ann", "http://quick/again", 1);
        await receiver.CalledAsync("quick", 41);
        await loop.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Loop_DeadReceiversOfTheSameOwner_LeaveRoomForThoseThatLive()
    {
        await using var host = await LedgerHost.OpenAsync(null);
        var refuses = true;
        var receiver = new Receiver(async (request, token) =>
        {
            if (request.RequestUri!.Host == "dead" && !refuses)
            {
                await Task.Delay(Timeout.Infinite, token);
            }

            return new(request.RequestUri.Host == "dead" ? HttpStatusCode.InternalServerError : HttpStatusCode.OK);
        });
        using var loop = Loop(host, receiver);
        await loop.StartAsync(TestContext.Current.CancellationToken);
        await EndAsync(host, loop, "bob", "http://dead/", 100);
        await receiver.CalledAsync("dead", 100);
        await TriedAsync(host, "bob", 100);
        refuses = false;

        host.Time.Advance(TimeSpan.FromSeconds(10)); // all are due again, and now hang
        loop.Wake();
        await receiver.CalledAsync("dead", 116);
        await EndAsync(host, loop, "bob", "http://alive/", 10);
        await receiver.CalledAsync("alive", 10);

        Assert.Equal(116, receiver.Count("dead")); // half of his thirty-two
        await loop.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Loop_Stopped_GivesItsClaimsBack()
    {
        await using var host = await LedgerHost.OpenAsync(null);
        var receiver = new Receiver(static async (_, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return new(HttpStatusCode.OK);
        });
        using var loop = Loop(host, receiver);
        await loop.StartAsync(TestContext.Current.CancellationToken);
        await EndAsync(host, loop, "bob", "http://silent/", 1);
        await receiver.CalledAsync("silent", 1);

        await loop.StopAsync(TestContext.Current.CancellationToken);

        Assert.Single(await host.ClaimDueAsync(10, TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("""{"url": "http://r/x", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}""")] // as earlier gateways wrote it
    [InlineData("""{"url": "http://r/x", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "timeout_seconds": 3600, "is_trusted": false}""")]
    public async Task Client_StandardSecret_SignsWithItsBytes(string target)
    {
        var receiver = new Receiver(static (_, _) => Task.FromResult<HttpResponseMessage>(new(HttpStatusCode.OK)));
        using var http = new HttpClient(receiver);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1614265330));
        var client = new DeliveryClient(http, http, time);

        await client.SendAsync(Delivery("msg_p5jXN8AQM9LWM0D4loKWxJek", target, """{"test": 2432232314}"""), TestContext.Current.CancellationToken);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Assert.Single(Assert.Single(receiver.Requests).Headers.GetValues("webhook-signature")));
    }

    [Fact]
    public async Task Client_UrlWithUserAndPassword_SendsThemAsBasicAuthentication()
    {
        var receiver = new Receiver(static (_, _) => Task.FromResult<HttpResponseMessage>(new(HttpStatusCode.OK)));
        using var http = new HttpClient(receiver);
        var client = new DeliveryClient(http, http, TimeProvider.System);

        await client.SendAsync(Delivery("m", """{"url": "http://me:p%40ss@r/x?a=1"}""", "{}"), TestContext.Current.CancellationToken);

        var request = Assert.Single(receiver.Requests);
        Assert.Equal(("http://r/x?a=1", "Basic bWU6cEBzcw=="), (request.RequestUri!.ToString(), request.Headers.Authorization!.ToString()));
        Assert.False(request.Headers.Contains("webhook-signature"));
    }

    [Fact]
    public void Next_FailingReceiver_IsTriedForADayWithGrowingPauses()
    {
        var options = new DeliveryOptions();
        var created = new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
        var now = created;
        var pauses = new List<double>();
        for (var attempt = 1; RetrySchedule.Next(attempt, created, now, options, 0.5) is { } next; attempt++)
        {
            pauses.Add((next - now).TotalSeconds);
            now = next;
        }

        Assert.Equal([5, 15, 45, 135, 405, 1215, 3600, 3600], pauses.Take(8));
        Assert.InRange((now - created).TotalHours, 22, 24);
    }

    private static Delivery Delivery(string id, string target, string body) => new()
    {
        Id = id,
        Job = new(null, "job"),
        State = DeliveryState.Pending,
        Attempts = 0,
        Created = DateTimeOffset.UnixEpoch,
        Next = DateTimeOffset.UnixEpoch,
        Target = Encoding.UTF8.GetBytes(target),
        Body = Encoding.UTF8.GetBytes(body),
    };

    private static DeliveryLoop Loop(LedgerHost host, Receiver receiver)
    {
        var http = new HttpClient(receiver) { Timeout = Timeout.InfiniteTimeSpan };
        var options = new DeliveryOptions { Bounds = new OwnerBounds(DeliveryOptions.AtOnce, share: 50, owners: 2) };
        return new(() => host.Ledger, new(http, http, host.Time), options, host.Time, new Random(1), NullLogger<DeliveryLoop>.Instance);
    }

    /// <summary>Ends jobs of an owner, each with a webhook.</summary>
    private static async Task EndAsync(LedgerHost host, DeliveryLoop loop, string owner, string url, int count)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            var id = Guid.NewGuid().ToString("N");
            await host.Ledger.AcceptAsync(LedgerHost.Job(id) with { Owner = owner });
            var target = new DeliveryTarget { Url = url, TimeoutSeconds = 60 }.Write();
            await host.Ledger.EndAsync(new(owner, id), LedgerHost.Ending() with { Deliveries = [new() { Id = $"msg_{id}", Target = target, Body = "{}"u8.ToArray() }] });
        }));
        loop.Wake();
    }

    /// <summary>Waits until so many failed tries are written down.</summary>
    private static async Task TriedAsync(LedgerHost host, string owner, int count)
    {
        var jobs = await host.Ledger.ListAsync(new() { Owner = owner, Limit = 1000 }, TestContext.Current.CancellationToken);
        foreach (var job in jobs.Take(count))
        {
            while ((await host.Ledger.DeliveriesAsync(job.Key, TestContext.Current.CancellationToken))[0].Attempts == 0)
            {
                await Task.Yield();
            }
        }
    }

    private sealed class Receiver(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        private TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<HttpRequestMessage> Requests { get; } = new();

        public int Count(string host) => Requests.Count(r => r.RequestUri!.Host == host);

        public async Task CalledAsync(string host, int count)
        {
            while (true)
            {
                var next = _called.Task;
                if (Count(host) >= count)
                {
                    return;
                }

                await next.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Enqueue(request);
            Interlocked.Exchange(ref _called, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            return answer(request, cancellationToken);
        }
    }
}
