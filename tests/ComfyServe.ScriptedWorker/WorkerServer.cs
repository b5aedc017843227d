using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Serialization.Metadata;
using ComfyServe.Contracts.Serverless;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ComfyServe.ScriptedWorker;

/// <summary>
/// Speaks the original worker's wire format: serves <c>/generate/sync</c> one at a time at a chosen speed, verifies
/// tickets, reports. It can be throttled, frozen and killed.
/// </summary>
public sealed class WorkerServer : IAsyncDisposable
{
    private readonly ScriptedWorkerOptions _options;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _state = new();
    private readonly Dictionary<long, double> _pending = [];
    private readonly HashSet<long> _seen = [];
    private readonly List<EndedRequest> _ended = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly string _boot = Guid.NewGuid().ToString("N");
    private WebApplication? _app;
    private RSA? _key;
    private Task _reporting = Task.CompletedTask;
    private readonly string[] _gateways;
    private double _received;
    private double _served;
    private double _rejected;
    private double _worked;
    private long _sequence;

    // When the machine has done its last request, in ticks. Used by who has the turn.
    private long _freeAt;

    private WorkerServer(ScriptedWorkerOptions options)
    {
        _options = options;
        _gateways = options.Gateway.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Speed = options.Perf;
    }

    /// <summary>Its URL.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Its id.</summary>
    public long Id => _options.Id;

    /// <summary>Its real speed; the reported benchmark stays.</summary>
    public double Speed { get; set; }

    /// <summary>Answers and reports nothing while set.</summary>
    public bool Frozen { get; set; }

    /// <summary>The error that it reports; once set, it stays until a restart.</summary>
    public string Error { get; set; } = "";

    /// <summary>Status that it answers with instead of working, if set.</summary>
    public int? FailWith { get; set; }

    /// <summary>Load served so far.</summary>
    public double TotalServed { get; private set; }

    /// <summary>Load worked so far: served, and the part that is done of the request that runs.</summary>
    public double TotalWorked
    {
        get
        {
            lock (_state)
            {
                return _worked;
            }
        }
    }

    /// <summary>Requests with a ticket that did not verify.</summary>
    public int BadTickets { get; private set; }

    /// <summary>Last command that the gateway gave.</summary>
    public string? Command { get; private set; }

    /// <summary>Sends this many copies of each report.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>Starts a worker.</summary>
    public static async Task<WorkerServer> StartAsync(ScriptedWorkerOptions options, CancellationToken cancellationToken)
    {
        var worker = new WorkerServer(options);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Limits.MaxRequestBodySize = null;
            k.Listen(IPAddress.Loopback, options.Port);
        });
        worker._app = builder.Build();
        worker._app.MapPost("/generate/sync", worker.ServeAsync);
        await worker._app.StartAsync(cancellationToken);
        worker.Url = $"http://127.0.0.1:{new Uri(worker._app.Urls.First()).Port}";
        worker._key = RSA.Create();
        worker._key.ImportFromPem(await worker._http.GetStringAsync(worker._gateways[0] + "/pubkey/", cancellationToken));
        worker._reporting = worker.ReportAsync();
        return worker;
    }

    /// <summary>Waits until the gateway says to stop.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        while (Command != WorkerCommands.Stop)
        {
            await Task.Delay(100, cancellationToken);
        }
    }

    /// <summary>Ends at once, with what it is doing.</summary>
    public async Task KillAsync()
    {
        await _stop.CancelAsync();
        await _reporting;
        if (_app is { } app)
        {
            _app = null;
            await app.StopAsync(new CancellationToken(true));
            await app.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _http.Dispose();
        _turn.Dispose();
        _stop.Dispose();
        _key?.Dispose();
    }

    private double Clock => (DateTimeOffset.UtcNow + _options.ClockSkew).ToUnixTimeMilliseconds() / 1000.0;

    private async Task ServeAsync(HttpContext context)
    {
        var request = await context.Request.ReadFromJsonAsync(ServerlessJson.Default.WorkerRequest);
        var ticket = request!.AuthData!;
        while (Frozen)
        {
            await Task.Delay(50, _stop.Token);
        }

        var (entered, arrived) = (Clock, Stopwatch.GetTimestamp());
        if (!_options.Unsecured && (ticket.Url != Url || !UrlSignature.Verify(_key!, ticket.Url, ticket.Signature) || !GrantFits(ticket)))
        {
            Refuse(ticket, entered, () => BadTickets++);
            context.Response.StatusCode = 401;
            return;
        }

        if (_options.MaxQueueTime is { } limit && Waiting() / _options.Perf > limit)
        {
            Refuse(ticket, entered, () => { });
            context.Response.StatusCode = 429;
            return;
        }

        Enter(ticket);
        var ended = new EndedRequest { RequestIdx = ticket.RequestIdx, Success = false, Status = EndedStatus.Error, EnteredQueueAt = entered };
        try
        {
            using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token);
            await _turn.WaitAsync(gone.Token);
            try
            {
                var began = Math.Max(arrived, _freeAt);
                ended = ended with { WorkStartedAt = ClockAt(began) };
                await WorkAsync(ticket.Cost, began, gone.Token);
                ended = ended with { WorkCompletedAt = ClockAt(_freeAt) };
            }
            finally
            {
                _turn.Release();
            }

            if (FailWith is { } status)
            {
                ended = ended with { WorkCompletedAt = 0 };
                context.Response.StatusCode = status;
                return;
            }

            ended = ended with { Success = true, Status = EndedStatus.Success };
            await context.Response.WriteAsJsonAsync(new { id = ticket.RequestIdx, status = "completed", worker = Id, payload = request.Payload });
        }
        catch (OperationCanceledException)
        {
            ended = ended with { Success = true, Status = EndedStatus.Cancelled };
        }
        finally
        {
            Leave(ticket, ended);
        }
    }

    // In small steps, so that a change of speed shows in a request that runs. A machine begins the next request when it has done the
    // last, however late this process wakes up: what a step slept too long belongs to the next request.
    private async Task WorkAsync(double cost, long began, CancellationToken cancellationToken)
    {
        _freeAt = began;
        for (var left = cost; ;)
        {
            var now = Stopwatch.GetTimestamp();
            var done = Frozen ? 0 : (now - _freeAt) / (double)Stopwatch.Frequency * Speed;
            lock (_state)
            {
                _worked += Math.Min(done, left);
            }

            left -= done;
            _freeAt = left > 0 ? now : now + (long)(left / Speed * Stopwatch.Frequency);
            if (left <= 0)
            {
                return;
            }

            // A delay of less than a millisecond is none at all.
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(left / Speed, 0.001, 0.05)), cancellationToken);
        }
    }

    private double ClockAt(long ticks) => Clock - Stopwatch.GetElapsedTime(ticks).TotalSeconds;

    private bool GrantFits(AuthData ticket) =>
        ticket.Grant is null || (GrantSignature.Verify(GrantSignature.KeyFor(_options.Mtoken), ticket) && ticket.Grant.WorkerId == Id);

    private double Waiting()
    {
        lock (_state)
        {
            return _pending.Values.Sum();
        }
    }

    private void Refuse(AuthData ticket, double entered, Action count)
    {
        lock (_state)
        {
            count();
            _rejected += ticket.Cost;
            _ended.Add(new EndedRequest { RequestIdx = ticket.RequestIdx, Success = false, Status = EndedStatus.Rejected, EnteredQueueAt = entered });
        }
    }

    private void Enter(AuthData ticket)
    {
        lock (_state)
        {
            _pending[ticket.RequestIdx] = ticket.Cost;
            _received += ticket.Cost;
            _seen.Add(ticket.Reqnum);
        }
    }

    private void Leave(AuthData ticket, EndedRequest ended)
    {
        lock (_state)
        {
            _pending.Remove(ticket.RequestIdx);
            _ended.Add(ended);
            if (ended.Status == EndedStatus.Success)
            {
                _served += ticket.Cost;
                TotalServed += ticket.Cost;
            }
        }
    }

    private async Task ReportAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (!Frozen)
                {
                    await ReportOnceAsync();
                }

                await Task.Delay(_options.ReportEvery, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                await Task.Delay(_options.ReportEvery, CancellationToken.None);
            }
        }
    }

    private async Task ReportOnceAsync()
    {
        WorkerStatus status;
        List<EndedRequest> ended;
        lock (_state)
        {
            status = Status();
            ended = [.. _ended];
        }

        for (var copy = 0; copy < Copies; copy++)
        {
            using var answer = await PostAsync("/worker_status/", status, ServerlessJson.Default.WorkerStatus);
            Command = (await answer.Content.ReadFromJsonAsync(ServerlessJson.Default.WorkerStatusAnswer, _stop.Token))!.Command;
        }

        lock (_state)
        {
            (_received, _served, _rejected) = (_received - status.NewLoad!.Value, _served - status.CurPerf!.Value, _rejected - status.RejLoad!.Value);
        }

        foreach (var news in News(ended))
        {
            using var answer = await PostAsync("/delete_requests/", news, ServerlessJson.Default.DeleteRequests);
        }

        lock (_state)
        {
            _ended.RemoveRange(0, ended.Count);
        }
    }

    // The first gateway that accepts it.
    private async Task<HttpResponseMessage> PostAsync<T>(string path, T body, JsonTypeInfo<T> type)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                var answer = await _http.PostAsJsonAsync(_gateways[i] + path, body, type, _stop.Token);
                if (answer.IsSuccessStatusCode || i == _gateways.Length - 1)
                {
                    return answer.EnsureSuccessStatusCode();
                }

                answer.Dispose();
            }
            catch (HttpRequestException) when (i < _gateways.Length - 1)
            {
                // The next.
            }
        }
    }

    private IEnumerable<DeleteRequests> News(List<EndedRequest> ended)
    {
        var empty = new DeleteRequests { WorkerId = Id, Mtoken = _options.Mtoken };
        if (_options.NewerForm)
        {
            return ended.Count == 0 ? [] : [empty with { Requests = ended }];
        }

        return ended.GroupBy(e => e.Success).Select(g => empty with { RequestIdxs = [.. g.Select(e => e.RequestIdx)], Success = g.Key });
    }

    private WorkerStatus Status()
    {
        var ready = Stopwatch.GetElapsedTime(_began) >= _options.LoadTime;
        return new WorkerStatus
        {
            Id = Id,
            Mtoken = _options.Mtoken,
            Version = "1.1.0",
            Loadtime = ready ? Math.Max(0.1, _options.LoadTime.TotalSeconds) : 0,
            CurLoad = _pending.Values.Sum(),
            RejLoad = _rejected,
            NewLoad = _received,
            ErrorMsg = Error,
            MaxPerf = ready ? _options.Perf : 0,
            CurPerf = _served,
            NumRequestsWorking = _pending.Count,
            NumRequestsReceived = _seen.Count,
            WorkingRequestIdxs = [.. _pending.Keys],
            Url = Url,
            Extension = _options.Ours ? new WorkerStatusExtension { BootId = _boot, Sequence = ++_sequence, MaxQueueTime = _options.MaxQueueTime } : null,
        };
    }
}
