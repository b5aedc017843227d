using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.ScriptedWorker;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>
/// Scripted workers of chosen speeds behind a real gateway, and clients that send them a number of requests. A worker's time goes by
/// the clock, as a GPU's does: it falls behind its speed only when it has nothing to do.
/// </summary>
internal sealed class HttpFleet : IAsyncDisposable
{
    private readonly RunningGateway _gateway;
    private readonly string _endpoint;
    private readonly string _key;
    private readonly List<WorkerServer> _workers = [];

    private HttpFleet(RunningGateway gateway, string endpoint, string key) => (_gateway, _endpoint, _key) = (gateway, endpoint, key);

    /// <summary>What a request costs.</summary>
    public const double Cost = 10;

    public IReadOnlyList<WorkerServer> Workers => _workers;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<HttpFleet> StartAsync(RunningGateway gateway, string endpoint, double maxQueueTime, bool unsecured, params double[] perfs)
    {
        var (id, key) = await gateway.EndpointAsync(endpoint, new { max_queue_time = maxQueueTime });
        var fleet = new HttpFleet(gateway, endpoint, key);
        foreach (var perf in perfs)
        {
            var (worker, mtoken) = await gateway.PlaceAsync(endpoint);
            fleet._workers.Add(await WorkerServer.StartAsync(
                new ScriptedWorkerOptions
                {
                    Gateway = gateway.Url,
                    Id = worker,
                    Mtoken = mtoken,
                    Perf = perf,
                    ReportEvery = TimeSpan.FromSeconds(0.1),
                    Ours = true,
                    NewerForm = true,
                    Unsecured = unsecured,
                },
                Token));
        }

        JsonArray views;
        do
        {
            await Task.Delay(50, Token);
            views = (await gateway.CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new { id })).AsArray();
        }
        while (views.Count(w => (string?)w!["status"] == "idle") < perfs.Length);
        return fleet;
    }

    /// <summary>A client that asks the gateway for workers.</summary>
    public WireClient Client() => new(_gateway.Url, _endpoint, _key) { LongestPoll = TimeSpan.FromSeconds(0.3) };

    /// <summary>Sends requests, so many at a time; gives back the seconds until all were answered.</summary>
    public static async Task<double> SendAsync(int requests, int atOnce, Func<int, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        var (begun, next) = (Stopwatch.GetTimestamp(), 0);
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) <= requests;)
            {
                await send(i, cancellationToken);
            }
        }));
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>So many requests that all workers are busy for the given time; the errors of the shares of load while they are and of all tickets, and makespan ÷ ideal.</summary>
    public async Task<(double OfLoad, double OfTickets, double Makespan)> OverloadAsync(double[] perfs, double seconds, int atOnce)
    {
        using var client = Client();
        var requests = (int)(seconds * perfs.Sum() / Cost);
        var load = SendAsync(requests, atOnce, (_, token) => client.RequestAsync(Cost, token), Token);
        await Task.Delay(TimeSpan.FromSeconds(0.2 * seconds), Token);
        var before = Workers.Select(static w => w.TotalWorked).ToList();
        await Task.Delay(TimeSpan.FromSeconds(0.65 * seconds), Token);
        var worked = Workers.Select((w, i) => w.TotalWorked - before[i]).ToList();
        var makespan = await load / seconds;

        var errors = worked.Select((w, i) => Math.Abs((w / worked.Sum() / (perfs[i] / perfs.Sum())) - 1)).ToList();
        var given = Workers.Select(w => client.Tickets.GetValueOrDefault(w.Url)).ToList();
        Write($"{requests} requests at {requests / seconds:0} a second; share ÷ share of perf {string.Join(" ", worked.Select((w, i) => FormattableString.Invariant($"{w / worked.Sum() / (perfs[i] / perfs.Sum()):0.000}")))}; tickets {string.Join(" ", given)}");
        Write($"largest relative error of a share: {errors.Max():P2}; makespan ÷ ideal: {makespan:0.000}");
        Assert.All(Workers, static w => Assert.Equal(0, w.BadTickets));
        return (errors.Max(), given.Select((g, i) => Math.Abs((g / (double)requests / (perfs[i] / perfs.Sum())) - 1)).Max(), makespan);
    }

    /// <summary>Sends requests straight to the workers that another rule picks; gives back how many were answered in time.</summary>
    public async Task<int> SendByAsync(int requests, int atOnce, Func<int[], int, int> pick, TimeSpan time)
    {
        var outstanding = new int[_workers.Count];
        var (answered, gate) = (0, new Lock());
        using var http = new HttpClient();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        over.CancelAfter(time);
        try
        {
            await SendAsync(requests, atOnce, OneAsync, over.Token);
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            // The time is over.
        }

        return answered;

        async Task OneAsync(int i, CancellationToken cancellationToken)
        {
            int at;
            lock (gate)
            {
                at = pick(outstanding, i);
                outstanding[at]++;
            }

            var ticket = new { cost = Cost, endpoint = _endpoint, reqnum = i, request_idx = i, signature = "none", url = _workers[at].Url };
            using var answer = await http.PostAsJsonAsync(_workers[at].Url + "/generate/sync", new { auth_data = ticket, session_id = (string?)null, payload = new { } }, cancellationToken);
            answer.EnsureSuccessStatusCode();
            lock (gate)
            {
                outstanding[at]--;
                answered++;
            }
        }
    }

    private static void Write(FormattableString line) => TestContext.Current.TestOutputHelper!.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }
    }
}
