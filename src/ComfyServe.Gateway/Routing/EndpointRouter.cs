namespace ComfyServe.Gateway.Routing;

/// <summary>
/// Routes one endpoint's requests in one gateway: least expected finish among the open workers, else first come first
/// served. Pure: time comes in as milliseconds of a clock that never goes back, nothing goes out but answers.
/// </summary>
/// <param name="nextIdx">Gives a new request's index, never the same twice.</param>
/// <param name="limits">Times and bounds.</param>
internal sealed partial class EndpointRouter(Func<long> nextIdx, RouterLimits limits)
{
    // Guards everything below: a pick and its reservation must be one step. Held for well under a microsecond when
    // nobody waits; never across an await.
    private readonly Lock _gate = new();
    private readonly WorkerTable _workers = new();
    private readonly RequestQueue _queue = new();
    private readonly RequestLedger _requests = new(limits);
    private readonly TicketAccounts _accounts = new(limits);
    private EndpointSnapshot _snapshot = EndpointSnapshot.Empty;
    private long _sequence;
    private long _lastSweep;
    private double _arrived;
    private long _arrivals;

    /// <summary>The snapshot in use.</summary>
    public EndpointSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>Answers a call, or holds it: then <paramref name="held"/> is what to wait for.</summary>
    public RouteOutcome Route(in RouteCall call, long now, out RouteWaiter? held)
    {
        lock (_gate)
        {
            held = null;
            if (_accounts.Wait(call.Key, now) is var wait && wait > call.Hold)
            {
                return new RouteOutcome(call.RequestIdx, null, 0, 0, _queue.Count, CanServe(), wait);
            }

            var entry = Admit(call, now);
            if (entry is null)
            {
                return new RouteOutcome(call.RequestIdx == 0 ? nextIdx() : call.RequestIdx, null, 0, _queue.Count, _queue.Count, CanServe());
            }

            // Nobody is here before this one, and it need not pause: no queue to go through.
            if (!_queue.AnyHere && MayHave(entry, now) && _workers.Pick(entry.Cost, entry.WorkerId, entry.Key, now) is { } slot)
            {
                return Assign(entry, slot, now);
            }

            entry.ForgetAt = now + call.Hold + call.ReplayTimeout;
            _queue.Add(entry);
            if (call.Hold <= 0)
            {
                return Waits(entry, now);
            }

            held = new RouteWaiter(entry, now + call.Hold, isFirst: call.RequestIdx == 0);
            _queue.Hold(entry, held)?.TryComplete(Waits(entry, now));
            Pump(now);
            return default;
        }
    }

    /// <summary>
    /// The caller of a held call went away. Its request keeps its place for a while, unless nobody knows its index; a ticket
    /// that was given to the call at that very moment comes back.
    /// </summary>
    public void Abandon(RouteWaiter waiter, long now)
    {
        lock (_gate)
        {
            var entry = waiter.Entry;
            if (entry.Waiter == waiter && waiter.IsFirst)
            {
                _queue.Remove(entry);
                _requests.Remove(entry);
            }
            else if (entry.Waiter == waiter)
            {
                _queue.LetGo(entry);
            }
            else if (entry.GivenTo == waiter)
            {
                GiveBack(entry, now);
            }
        }
    }

    /// <summary>A ticket will not be used: its worker is free for another request at once, and not to blame.</summary>
    public void GiveBack(long requestIdx, long now)
    {
        lock (_gate)
        {
            if (_requests.Find(requestIdx) is { } entry)
            {
                GiveBack(entry, now);
            }
        }
    }

    /// <summary>The endpoint is gone: answers the calls that are held. Nobody asks this router any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            foreach (var entry in _queue.Overdue(long.MaxValue))
            {
                Answer(entry, 0);
            }
        }
    }

    /// <summary>Takes an endpoint's new snapshot in, if it is newer.</summary>
    public void Apply(EndpointSnapshot snapshot, long now)
    {
        lock (_gate)
        {
            if (snapshot.Version <= _snapshot.Version)
            {
                return;
            }

            Volatile.Write(ref _snapshot, snapshot);
            foreach (var slot in _workers.Apply(snapshot, now))
            {
                ReleaseAll(slot, now);
            }

            Pump(now);
        }
    }

    /// <summary>Lets time pass: answers calls whose time is up, ends pauses, expires what was never seen.</summary>
    public void Tick(long now)
    {
        lock (_gate)
        {
            while (_requests.NextUnseen(now) is { } unseen)
            {
                TicketAccounts.Settle(unseen, TicketEnd.Wasted, now);
                Release(unseen, _workers.Find(unseen.WorkerId), RequestState.Released, now);
            }

            foreach (var slot in _workers.Slots)
            {
                if (slot.PausedUntil != long.MinValue && slot.PausedUntil <= now)
                {
                    slot.PausedUntil = long.MinValue;
                    _workers.Refresh(slot, now);
                }
            }

            Pump(now);
            foreach (var entry in _queue.AnyHere ? _queue.Overdue(now) : [])
            {
                Answer(entry, now);
            }

            if (now - _lastSweep >= 1_000)
            {
                _lastSweep = now;
                Sweep(now);
            }
        }
    }

    // 1. Find the request, or make it; null when the queue is full.
    private RequestEntry? Admit(in RouteCall call, long now)
    {
        var entry = call.RequestIdx == 0 ? null : _requests.Find(call.RequestIdx);
        var isNew = call.RequestIdx == 0 || (entry is not null && entry.Key != call.Key); // another key's index says nothing
        if (isNew || entry is null)
        {
            if (_queue.Count >= limits.MaxQueued)
            {
                return null;
            }

            // An index that this gateway does not know is a request from before a restart, or of another gateway: no new load.
            entry = new RequestEntry(isNew ? nextIdx() : call.RequestIdx, call.Cost, ++_sequence, call.Key) { QueuedAt = now, WorkerId = call.Avoid };
            _requests.Add(entry);
            if (isNew)
            {
                _arrived += call.Cost;
                _arrivals++;
            }

            return entry;
        }

        // 2. It had a worker: it comes back because the worker was not reached, refused or failed.
        if (entry.State == RequestState.Assigned)
        {
            var slot = _workers.Find(entry.WorkerId);
            if (slot is not null && !entry.SeenWorking)
            {
                CameBack(entry, slot, now);
            }

            Release(entry, slot, RequestState.Released, now);
        }

        if (entry.State != RequestState.Queued)
        {
            entry.QueuedAt = now;
            entry.State = RequestState.Queued;
            entry.NotBefore = call.Trusted ? now : entry.AssignedAt + limits.TicketGap;
        }

        return entry;
    }

    // Gives free workers to the requests that are here, in order.
    private void Pump(long now)
    {
        while (_queue.AnyHere && Next(now, out var entry) is { } slot)
        {
            var waiter = entry!.Waiter!;
            var outcome = Assign(entry, slot, now);
            entry.GivenTo = waiter;
            waiter.TryComplete(outcome);
        }
    }

    // The first request that is here and may have a ticket now, and its worker.
    private WorkerSlot? Next(long now, out RequestEntry? entry)
    {
        foreach (var here in _queue.Here)
        {
            if (!MayHave(here, now))
            {
                continue;
            }

            if (_workers.Pick(here.Cost, here.WorkerId, here.Key, now) is { } slot)
            {
                entry = here;
                return slot;
            }

            if (_workers.Pick(0, 0) is null)
            {
                break; // all are full; not only those that this key may have
            }
        }

        entry = null;
        return null;
    }

    private bool MayHave(RequestEntry entry, long now) => entry.NotBefore <= now && _accounts.MayHave(entry.Key, now);

    // Tells a held call to come again.
    private void Answer(RequestEntry entry, long now)
    {
        var waiter = entry.Waiter!;
        _queue.LetGo(entry);
        waiter.TryComplete(Waits(entry, now));
    }

    private void GiveBack(RequestEntry entry, long now)
    {
        if (entry.State == RequestState.Assigned && !entry.SeenWorking)
        {
            Release(entry, _workers.Find(entry.WorkerId), RequestState.Released, now);
            Pump(now);
        }
    }

    private RouteOutcome Assign(RequestEntry entry, WorkerSlot slot, long now)
    {
        _queue.Remove(entry);
        entry.State = RequestState.Assigned;
        entry.WorkerId = slot.Route.Id;
        entry.AssignedAt = now;
        entry.SeenWorking = false;
        entry.GivenTo = null;
        entry.Attempts++;
        slot.Assigned.Add(entry);
        slot.OwnLoad += entry.Cost;
        slot.Reqnum++;
        _accounts.Give(entry);
        _requests.Assigned(entry, now);
        _workers.Refresh(slot, now);
        return Outcome(entry, slot);
    }

    private void Release(RequestEntry entry, WorkerSlot? slot, RequestState state, long now)
    {
        if (entry.State == RequestState.Assigned && slot is not null && slot.Assigned.Remove(entry))
        {
            // Exactly zero when nothing is left: sums of doubles drift.
            slot.OwnLoad = slot.Assigned.Count == 0 ? 0 : slot.OwnLoad - entry.Cost;
            _workers.Refresh(slot, now);
        }

        TicketAccounts.Settle(entry, TicketEnd.Returned, now);
        entry.State = state;
        _requests.Ended(entry, now);
    }

    private void ReleaseAll(WorkerSlot slot, long now)
    {
        foreach (var entry in slot.Assigned.ToList())
        {
            Release(entry, slot, RequestState.Released, now);
        }
    }

    private void Sweep(long now)
    {
        foreach (var entry in _queue.Forgotten(now))
        {
            _queue.Remove(entry);
            _requests.Remove(entry);
        }

        _requests.Sweep(now);
        _accounts.Sweep(now);
    }

    private static RouteOutcome Outcome(RequestEntry entry, WorkerSlot slot) => new(entry.Idx, slot.Route, slot.Reqnum, 0, 0, CanServe: true);

    private RouteOutcome Waits(RequestEntry entry, long now) =>
        new(entry.Idx, null, 0, _queue.Ahead(entry), _queue.Count, CanServe(), _accounts.Wait(entry.Key, now));

    private bool CanServe() => _snapshot.Workers.Any(static w => w.Open);
}
