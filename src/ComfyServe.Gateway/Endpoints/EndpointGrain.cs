using System.Collections.Immutable;
using System.Text.Json;
using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Http;
using ComfyServe.Gateway.Jobs;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>The shell round an <see cref="EndpointCore"/>: clock, store and calls.</summary>
internal sealed partial class EndpointGrain(
    IGatewayStore store, TimeProvider time, LivenessLimits limits, ProviderRegistry providers, GatewaySecrets secrets, GatewayAddress address, EndpointLedger ledger, JobCensus census, ILogger<EndpointGrain> logger)
    : Grain, IEndpointGrain
{
    private readonly Relay _relay = new();
    private EndpointCore? _core;
    private FleetOperations? _operations;
    private double _decidedAt = double.NegativeInfinity;
    private long _epoch;
    private long _began;

    private double Now => time.GetElapsedTime(_began).TotalSeconds;

    private double UnixNow => time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _began = time.GetTimestamp();
        var id = this.GetPrimaryKeyLong();
        var row = (await store.EndpointsAsync(cancellationToken)).FirstOrDefault(e => e.Id == id);
        if (row is null)
        {
            return;
        }

        _epoch = await store.ClaimAsync(id, cancellationToken);
        _core = new EndpointCore(row, limits, new DecisionLog(time));

        // Versions of this owner's snapshots are above all of the former owner's.
        _core.Configure(row, await store.WorkergroupsAsync(cancellationToken), Now);
        _core.Load(await store.WorkersAsync(id, cancellationToken), _epoch << 32, Now);
        _operations = new FleetOperations(_core, _core.Scaling, providers, secrets, () => address.Url, () => Now, logger);
        await _operations.TakeOverAsync();
        _core.Log.State($"owner {_epoch} took over with {_core.Workers.Count} workers");
        this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.FromSeconds(0.25), Period = TimeSpan.FromSeconds(0.25), Interleave = false });
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => await SaveAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<EndpointNews> SyncAsync(GatewaySync sync)
    {
        if (_core is null)
        {
            DeactivateOnIdle();
            return Task.FromResult(new EndpointNews { Gone = true });
        }

        _core.Demand.Add(sync.Gateway, sync.Load, Now);
        if (!sync.Ended.IsDefaultOrEmpty)
        {
            _core.Ended(sync.Ended, Now);
        }

        _relay.Seen(sync.Gateway, Now);
        _relay.Pass(sync.Strangers);
        return Task.FromResult(new EndpointNews
        {
            Snapshot = Newer(sync.KnownVersion),
            Ended = _relay.TakeEnded(sync.Gateway),
            Loads = _relay.TakeLoads(sync.Gateway),
        });
    }

    /// <inheritdoc/>
    public async Task<ReportVerdict> ReportAsync(WorkerStatusText report, long knownVersion)
    {
        var status = JsonSerializer.Deserialize(report.Json, ServerlessJson.Default.WorkerStatus)!;
        if (_core?.Report(status, Now, UnixNow) is not { } worker)
        {
            return new ReportVerdict { Known = false };
        }

        var (bootId, sequence) = (status.Extension?.BootId, status.Extension?.Sequence ?? 0);
        var note = new LoadNote(
            status.Id, status.CurLoad ?? 0, status.WorkingRequestIdxs?.ToImmutableArray() ?? default, bootId, sequence, status.Extension?.SessionRequestIdxs?.ToImmutableArray() ?? default);
        _relay.Pass(report.Gateway, note, Now);
        await SaveAsync(CancellationToken.None);
        return new ReportVerdict { Known = true, Command = worker.Command(), Snapshot = Newer(knownVersion) };
    }

    /// <inheritdoc/>
    public async Task ReconfigureAsync()
    {
        var row = (await store.EndpointsAsync(CancellationToken.None)).FirstOrDefault(e => e.Id == this.GetPrimaryKeyLong());
        if (row is not null)
        {
            _core?.Configure(row, await store.WorkergroupsAsync(CancellationToken.None), Now);
        }
    }

    /// <inheritdoc/>
    public async Task<long> AddPlaceAsync()
    {
        var core = Core();
        var id = await store.NextAsync("worker", CancellationToken.None);
        core.Add(new WorkerRow { Id = id, EndpointId = core.Row.Id, Phase = "Created", CreatedAt = UnixNow }, Now);
        await SaveAsync(CancellationToken.None);
        return id;
    }

    /// <inheritdoc/>
    public async Task<bool> RemoveWorkerAsync(long workerId) => (await RemoveAsync(w => w.Row.Id == workerId)).Count > 0;

    /// <inheritdoc/>
    public Task<byte[]> WorkersAsync(long? workergroupId) => Task.FromResult(
        JsonSerializer.SerializeToUtf8Bytes(_core?.Views(workergroupId, Now) ?? [], ServerlessJson.Default.IReadOnlyListWorkerView));

    /// <inheritdoc/>
    public Task<byte[]> OverviewAsync() => Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(Core().Overview(Now), ServerlessJson.Default.EndpointOverview));

    /// <inheritdoc/>
    public Task<byte[]> LogsAsync(int? tail) =>
        Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(Core().Log.Read(tail), ServerlessJson.Default.EndpointLogs));

    /// <inheritdoc/>
    public async Task<int> CancelUpdateAsync(long workergroupId)
    {
        var core = Core();
        var outdated = core.Workers.Values.Where(w => w.Row.WorkergroupId == workergroupId && w.Phase != WorkerPhase.Updating && w.Row.Revision < core.Groups[workergroupId].Revision).ToList();
        foreach (var worker in outdated)
        {
            worker.Change(r => r with { Revision = core.Groups[workergroupId].Revision });
        }

        core.Log.Decision($"the update of workergroup {workergroupId} was cancelled; {outdated.Count} workers stay as they are");
        await SaveAsync(CancellationToken.None);
        return outdated.Count;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> DeleteAsync() => RemoveAsync(_ => true);

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> DeleteGroupAsync(long workergroupId) => RemoveAsync(w => w.Row.WorkergroupId == workergroupId);

    private async Task<IReadOnlyList<long>> RemoveAsync(Func<FleetWorker, bool> which)
    {
        List<FleetWorker> workers = [.. _core?.Workers.Values.Where(which) ?? []];
        if (_operations is not null)
        {
            await _operations.RemoveAsync(workers);
        }

        await SaveAsync(CancellationToken.None);
        return [.. workers.Select(w => w.Row.Id)];
    }

    private EndpointCore Core() => _core ?? throw new InvalidOperationException($"endpoint {this.GetPrimaryKeyLong()} does not exist");

    private EndpointSnapshot? Newer(long known) => _core is { } core && core.Snapshot.Version > known ? core.Snapshot : null;

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        _core!.Tick(Now);
        if (Now - _decidedAt >= 1)
        {
            _decidedAt = Now;
            await ScaleAsync(cancellationToken);
        }

        _operations!.Advance();
        await SaveAsync(cancellationToken);
    }

    private async Task ScaleAsync(CancellationToken cancellationToken)
    {
        var core = Core();
        if (ledger.IsOpen)
        {
            var waiting = await census.CountAsync(core.Row.Id, cancellationToken);
            core.Demand.Jobs(waiting.WaitingCost, waiting.Waiting, Now);
        }

        foreach (var action in core.Scaling.Decide(core, _operations!.Slots(), _operations.IsBusy, Now).Actions)
        {
            if (action.Kind != ScaleActionKind.Recruit)
            {
                _operations.Begin(action);
                continue;
            }

            var row = new WorkerRow
            {
                Id = await store.NextAsync("worker", cancellationToken),
                EndpointId = core.Row.Id,
                WorkergroupId = action.GroupId,
                Revision = core.Groups[action.GroupId].Revision,
                CreatedAt = UnixNow,
            };
            _operations.Recruit(row, action.Reason);

            // On disk before its process reports: another gateway must find the worker's endpoint.
            await SaveAsync(cancellationToken);
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        if (_core is null)
        {
            return;
        }

        var (saved, removed) = _core.TakeChanges();
        if (saved.Count + removed.Count == 0)
        {
            return;
        }

        bool mine;
        try
        {
            mine = await store.SaveWorkersAsync(_core.Row.Id, _epoch, saved, removed, cancellationToken);
        }
        catch
        {
            _core.KeepChanges(saved, removed); // not written: they must not be lost with this one try
            throw;
        }

        if (!mine)
        {
            // Another owner has taken over while this one was cut off: what it knows is what counts.
            Log.Superseded(logger, _core.Row.Id, _epoch);
            DeactivateOnIdle();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4201, Level = LogLevel.Warning, Message = "Owner {Epoch} of endpoint '{EndpointId}' was superseded and steps down")]
        public static partial void Superseded(ILogger logger, long endpointId, long epoch);
    }
}
