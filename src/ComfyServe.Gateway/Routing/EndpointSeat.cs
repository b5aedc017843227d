using System.Collections.Concurrent;
using ComfyServe.Gateway.Endpoints;

namespace ComfyServe.Gateway.Routing;

/// <summary>One endpoint in one gateway: its router, and the news that wait for its owner.</summary>
internal sealed class EndpointSeat(long endpointId, EndpointRouter router)
{
    private const int MaxWaiting = 100_000;
    private readonly ConcurrentQueue<EndedWork> _ended = new();
    private readonly ConcurrentQueue<EndedWork> _strangers = new();

    /// <summary>The endpoint.</summary>
    public long EndpointId { get; } = endpointId;

    /// <summary>Its router.</summary>
    public EndpointRouter Router { get; } = router;

    /// <summary>What its requests cost.</summary>
    public CostMeter Costs { get; } = new();

    /// <summary>Something for the owner is waiting.</summary>
    public bool HasNews => !_ended.IsEmpty || !_strangers.IsEmpty;

    /// <summary>A worker said that a request ended.</summary>
    public void End(EndedWork work, long gateway, long now)
    {
        var known = Router.End(work, now);
        var queue = known is null && RequestIndexes.StartOf(work.RequestIdx) != gateway ? _strangers : _ended;
        if ((known is not null || queue == _strangers) && queue.Count < MaxWaiting)
        {
            queue.Enqueue(known ?? work);
        }
    }

    /// <summary>What there is to tell the owner.</summary>
    public GatewaySync Take(long gateway, long now) => new()
    {
        Gateway = gateway,
        KnownVersion = Router.Snapshot.Version,
        Load = Router.Drain(now),
        Ended = [.. Drain(_ended), .. Router.TakeTroubles()],
        Strangers = [.. Drain(_strangers)],
    };

    /// <summary>Takes the owner's answer in.</summary>
    public void Apply(EndpointNews news, long now)
    {
        if (news.Snapshot is { } snapshot)
        {
            Router.Apply(snapshot, now);
        }

        foreach (var work in news.Ended)
        {
            if (Router.End(work, now) is { } known)
            {
                _ended.Enqueue(known);
            }
        }

        foreach (var note in news.Loads)
        {
            Router.Report(
                new WorkerReport(
                    note.WorkerId, note.Load, note.Working.IsDefault ? null : note.Working, note.BootId, note.Sequence, note.Sessions.IsDefault ? null : note.Sessions),
                now);
        }
    }

    private static IEnumerable<EndedWork> Drain(ConcurrentQueue<EndedWork> queue)
    {
        while (queue.TryDequeue(out var work))
        {
            yield return work;
        }
    }
}
