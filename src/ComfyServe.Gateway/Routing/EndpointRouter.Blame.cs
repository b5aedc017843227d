namespace ComfyServe.Gateway.Routing;

/// <content>What requests that come back, are refused or are seen at work say of workers and keys.</content>
internal sealed partial class EndpointRouter
{
    private const int MaxTroubles = 1_000;
    private readonly List<EndedWork> _troubles = [];

    // A request was seen to have reached its worker.
    private void Reached(RequestEntry entry, WorkerSlot? slot, long now)
    {
        TicketAccounts.Settle(entry, TicketEnd.Used, now);
        if (slot is not null)
        {
            (slot.Strikes, slot.ReachedAt) = (0, now);
            if (slot.StrikesByKey.Count > 0)
            {
                slot.StrikesByKey.Clear();
                _workers.Shun(slot);
            }
        }
    }

    // A request came back unseen. Where others reached the worker since the ticket was given, its own client is to blame. Else the worker
    // is, but on one key's word alone only that key's requests go elsewhere: no caller may close a worker to others.
    private void CameBack(RequestEntry entry, WorkerSlot slot, long now)
    {
        if (entry.Unused is not { IsTrusted: false })
        {
            Tell(entry, entry.Trouble ?? "its client came back without having reached it");
        }

        entry.Trouble = null;
        if (slot.ReachedAt >= entry.AssignedAt && entry.Key.Length > 0)
        {
            TicketAccounts.Settle(entry, TicketEnd.Wasted, now);
            return;
        }

        if (entry.Key.Length > 0)
        {
            var count = Math.Min(slot.StrikesByKey.GetValueOrDefault(entry.Key).Count + 1, 16);
            slot.StrikesByKey[entry.Key] = new KeyStrikes(count, now + Pause(count));
            _workers.Shun(slot);
            if (slot.StrikesByKey.Values.Count(s => s.Until > now) < 2)
            {
                return;
            }
        }

        slot.Strikes = Math.Min(slot.Strikes + 1, 16);
        slot.PausedUntil = now + Pause(slot.Strikes);
        _workers.Refresh(slot, now);
    }

    // A session keeps a place for what it may still send. Whatever it was said to cost, all of a worker's sessions together count for no
    // more than half of what fits into its queue: else one would close the worker to others for as long as it is open.
    private void Shrink(WorkerSlot slot, IReadOnlyList<long>? sessions)
    {
        var share = sessions is { Count: > 0 } ? _workers.Room(slot) / 2 / sessions.Count : 0;
        foreach (var idx in sessions ?? [])
        {
            if (_requests.Find(idx) is { State: RequestState.Assigned } entry && entry.WorkerId == slot.Route.Id && entry.Cost > share)
            {
                slot.OwnLoad -= entry.Cost - share;
                entry.Cost = share;
            }
        }
    }

    /// <summary>The gateway itself did not reach a request's worker, or lost it: the owner is told why, when the request comes back or at once.</summary>
    public void Lost(long requestIdx, string reason, bool isOver)
    {
        lock (_gate)
        {
            if (_requests.Find(requestIdx) is { } entry)
            {
                entry.Trouble = isOver ? null : reason;
                if (isOver)
                {
                    Tell(entry, reason);
                }
            }
        }
    }

    /// <summary>Requests that did not reach their workers, since the last time.</summary>
    public IReadOnlyList<EndedWork> TakeTroubles()
    {
        lock (_gate)
        {
            if (_troubles.Count == 0)
            {
                return [];
            }

            EndedWork[] taken = [.. _troubles];
            _troubles.Clear();
            return taken;
        }
    }

    private void Tell(RequestEntry entry, string reason)
    {
        if (_troubles.Count < MaxTroubles)
        {
            _troubles.Add(new EndedWork { RequestIdx = entry.Idx, WorkerId = entry.WorkerId, Kind = EndKind.Unreached, Reason = reason });
        }
    }

    private long Pause(int strikes) => Math.Min(limits.StrikePause << (strikes - 1), limits.LongestPause);

    // A worker refuses before it works: of a request that it has begun, a refusal says nothing.
    private void Refused(RequestEntry entry, WorkerSlot? slot, long now)
    {
        TicketAccounts.Settle(entry, TicketEnd.Returned, now);
        if (slot is null || entry.SeenWorking)
        {
            return;
        }

        var before = (slot.Outstanding - (entry.State == RequestState.Assigned ? entry.Cost : 0)) / slot.Route.Perf;
        if (before > 0)
        {
            slot.LearnedLimit = slot.LearnedUntil > now ? Math.Min(slot.LearnedLimit, before) : before;
            slot.LearnedUntil = now + limits.RefusalMemory;
        }

        slot.PausedUntil = Math.Max(slot.PausedUntil, now + limits.RefusalPause);
        _workers.Refresh(slot, now);
    }
}
