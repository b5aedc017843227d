using ComfyServe.Autoscaling;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>
/// Carries scaling decisions out: closes workers, waits until they have finished, and has their provider start, stop and
/// remove them. Runs inside the endpoint owner's turns; provider calls run beside them, one at a time for each worker.
/// </summary>
internal sealed partial class FleetOperations(EndpointCore core, FleetScaling scaling, ProviderRegistry providers, GatewaySecrets secrets, Func<string> address, Func<double> clock, ILogger logger)
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromMinutes(5);
    private readonly Dictionary<long, Task> _running = [];
    private Task _checking = Task.CompletedTask;
    private double _checkedAt;

    /// <summary>Whether something is being done with a worker.</summary>
    public bool IsBusy(long workerId) => _running.ContainsKey(workerId);

    /// <summary>Most workers of each workergroup whose provider makes any.</summary>
    public IReadOnlyDictionary<long, int> Slots() => core.Groups.Values
        .Select(g => (g.Id, Slots: providers.Find(g.Provider)?.Slots(g.Parameters.ProviderSettings ?? NoSettings) ?? 0))
        .Where(g => g.Slots > 0).ToDictionary(g => g.Id, g => g.Slots);

    /// <summary>Begins a decision about a worker that exists.</summary>
    public void Begin(ScaleAction action)
    {
        if (!core.Workers.TryGetValue(action.WorkerId, out var worker) || IsBusy(action.WorkerId))
        {
            return;
        }

        var (before, now) = (worker.Phase, clock());
        core.Log.Decision($"{action.Kind.ToString().ToLowerInvariant()} worker {action.WorkerId}: {action.Reason}");
        switch (action.Kind)
        {
            case ScaleActionKind.Start:
                Start(worker);
                break;
            case ScaleActionKind.Resume:
                worker.Enter(WorkerPhase.Idle, now);
                break;
            case ScaleActionKind.Stop:
                worker.Leave(WorkerPhase.Stopping, now);
                break;
            case ScaleActionKind.Destroy:
                NoteBroken(worker, now);
                worker.Leave(WorkerPhase.Destroying, now);
                break;
            case ScaleActionKind.Reboot:
                NoteBroken(worker, now);
                worker.Change(r => r with { Reboots = r.Reboots + 1 });
                worker.Leave(WorkerPhase.Rebooting, now);
                break;
            case ScaleActionKind.Update:
                worker.Leave(WorkerPhase.Updating, now);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(action), action.Kind, "a new worker is made with Recruit");
        }

        core.Note(worker, before);
        core.Refresh(now);
    }

    /// <summary>Begins a new worker.</summary>
    public void Recruit(WorkerRow row, string reason)
    {
        core.Log.Decision($"recruit worker {row.Id}: {reason}");
        var worker = core.Add(row, clock());
        Run(worker, "make", (provider, order, token) => provider.StartAsync(order, token), () =>
        {
            if (worker.Phase == WorkerPhase.Creating)
            {
                worker.Enter(WorkerPhase.Created, clock());
            }
        });
    }

    /// <summary>Goes on with workers that have finished what they had, and looks after those that are silent.</summary>
    public void Advance()
    {
        var now = clock();
        foreach (var worker in core.Workers.Values.Where(w => w.Row.WorkergroupId is not null && !IsBusy(w.Row.Id)).ToList())
        {
            switch (worker.Phase)
            {
                case WorkerPhase.Creating: // a former owner was interrupted: the same order again
                    Start(worker);
                    break;
                case WorkerPhase.Stopping when worker.IsDrained(now):
                    Run(worker, "stop", (provider, order, token) => provider.StopAsync(order, token), () => worker.Enter(WorkerPhase.Stopped, clock()));
                    break;
                case WorkerPhase.Destroying when worker.IsDrained(now):
                    Run(worker, "remove", (provider, order, token) => provider.DestroyAsync(order, token), () => core.Remove(worker.Row.Id, clock()));
                    break;
                case WorkerPhase.Rebooting or WorkerPhase.Updating when worker.IsDrained(now):
                    Restart(worker);
                    break;
                default:
                    break;
            }
        }

        if (_checking.IsCompleted && now - _checkedAt >= 2)
        {
            _checkedAt = now;
            _checking = CheckAsync();
        }
    }

    /// <summary>Removes workers for good, at once: their endpoint or workergroup is deleted.</summary>
    public async Task RemoveAsync(IReadOnlyList<FleetWorker> workers)
    {
        await Task.WhenAll(workers.Where(w => w.Row.WorkergroupId is not null).Select(async worker =>
        {
            if (_running.TryGetValue(worker.Row.Id, out var running))
            {
                await running;
            }

            worker.Leave(WorkerPhase.Destroying, clock());
            Run(worker, "remove", (provider, order, token) => provider.DestroyAsync(order, token), () => { });
            await _running.GetValueOrDefault(worker.Row.Id, Task.CompletedTask);
        }));
        foreach (var worker in workers)
        {
            core.Remove(worker.Row.Id, clock());
        }
    }

    /// <summary>After a change of owners: workers that ran and run no longer count as stopped.</summary>
    public async Task TakeOverAsync()
    {
        foreach (var worker in core.Workers.Values.Where(w => w.Row.WorkergroupId is not null && w.Phase is not (WorkerPhase.Stopped or WorkerPhase.Creating)).ToList())
        {
            if (Find(worker) is var (provider, order) && !await RunsAsync(provider, order))
            {
                worker.Enter(worker.Phase == WorkerPhase.Destroying ? WorkerPhase.Destroying : WorkerPhase.Stopped, clock());
            }
        }
    }

    private static IReadOnlyDictionary<string, string> NoSettings { get; } = new Dictionary<string, string>();

    private void Start(FleetWorker worker)
    {
        worker.Leave(WorkerPhase.Starting, clock());
        Restart(worker);
    }

    private void Restart(FleetWorker worker)
    {
        var revision = core.Groups.TryGetValue(worker.Row.WorkergroupId!.Value, out var group) ? group.Revision : 0;
        Run(
            worker,
            "start",
            async (provider, order, token) =>
            {
                await provider.StopAsync(order, token);
                await provider.StartAsync(order, token);
            },
            () =>
            {
                worker.Change(r => r with { Revision = revision });
                worker.Restarted();
                if (worker.Phase is WorkerPhase.Starting or WorkerPhase.Rebooting or WorkerPhase.Updating)
                {
                    worker.Enter(WorkerPhase.Starting, clock());
                }
            });
    }

    private void Run(FleetWorker worker, string what, Func<IWorkerProvider, WorkerOrder, CancellationToken, Task> call, Action done)
    {
        var before = worker.Phase;
        _running[worker.Row.Id] = Task.CompletedTask;
        var running = RunAsync();
        if (_running.ContainsKey(worker.Row.Id))
        {
            _running[worker.Row.Id] = running;
        }

        async Task RunAsync()
        {
            using var limit = new CancellationTokenSource(CallLimit);
            try
            {
                var (provider, order) = Find(worker) ?? throw new ProviderFailedException($"its workergroup, or the workergroup's provider, is gone; worker {worker.Row.Id} must be ended by hand");
                await call(provider, order, limit.Token);
                done();
            }
#pragma warning disable CA1031 // Whatever a provider throws: the worker is in error, the endpoint goes on.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.Failed(logger, error, what, worker.Row.Id);
                core.Log.Worker($"worker {worker.Row.Id}: could not {what} it: {error.Message}");
                worker.Break($"could not {what} it: {error.Message}", clock());
            }
            finally
            {
                _running.Remove(worker.Row.Id);
                core.Note(worker, before);
                core.Refresh(clock());
            }
        }
    }

    // A worker whose process has ended need not be waited for.
    private async Task CheckAsync()
    {
        var now = clock();
        foreach (var worker in core.Workers.Values.Where(w => w.Row.WorkergroupId is not null && !IsBusy(w.Row.Id) && w.Phase.ShouldRun() && !w.IsFresh(now)).ToList())
        {
            if (Find(worker) is var (provider, order) && !await RunsAsync(provider, order) && !IsBusy(worker.Row.Id) && worker.Phase.ShouldRun())
            {
                var before = worker.Phase;
                worker.Break("its process has ended; see its log", clock());
                core.Note(worker, before);
                core.Refresh(clock());
            }
        }
    }

    private async Task<bool> RunsAsync(IWorkerProvider provider, WorkerOrder order)
    {
        try
        {
            using var limit = new CancellationTokenSource(CallLimit);
            return await provider.RunsAsync(order, limit.Token);
        }
#pragma warning disable CA1031 // A provider that cannot say does not make a worker dead.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.Failed(logger, error, "look after", order.WorkerId);
            return true;
        }
    }

    // A worker that never came up, or breaks again, is its workergroup's fault.
    private void NoteBroken(FleetWorker worker, double now)
    {
        if (worker.Phase == WorkerPhase.Error && (worker.Row.LoadedAt <= 0 || worker.Row.Reboots > 0))
        {
            var pause = scaling.Failed(worker.Row.WorkergroupId!.Value, $"worker {worker.Row.Id}: {worker.Row.Error}", now);
            core.Log.Decision($"workergroup {worker.Row.WorkergroupId} recruits none for {pause:0} s: worker {worker.Row.Id} {worker.Row.Error}");
        }
    }

    private (IWorkerProvider Provider, WorkerOrder Order)? Find(FleetWorker worker)
    {
        if (!core.Groups.TryGetValue(worker.Row.WorkergroupId ?? 0, out var group) || providers.Find(group.Provider) is not { } provider)
        {
            return null;
        }

        return (provider, new WorkerOrder
        {
            WorkerId = worker.Row.Id,
            Token = secrets.WorkerToken(worker.Row.Id),
            Endpoint = core.Row.Name,
            GroupId = group.Id,
            ReportAddress = address(),
            Template = group.Parameters.TemplateHash,
            LaunchArguments = group.Parameters.LaunchArgs,
            Settings = group.Parameters.ProviderSettings ?? NoSettings,
        });
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4203, Level = LogLevel.Warning, Message = "Could not {What} worker '{WorkerId}'")]
        public static partial void Failed(ILogger logger, Exception error, string what, long workerId);
    }
}
