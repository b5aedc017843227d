namespace ComfyServe.Gateway.Routing;

/// <summary>
/// One router's workers, as arrays that a pick scans: fastest first, then lowest id, so that the first of equal
/// finish times is the right one. Guarded by the router's lock.
/// </summary>
internal sealed class WorkerTable
{
    private readonly Dictionary<long, WorkerSlot> _byId = [];
    private readonly HashSet<WorkerSlot> _shunned = [];
    private WorkerSlot[] _slots = [];
    private double[] _outstanding = [];
    private double[] _inverse = [];
    private double _maxQueueTime = 30;

    /// <summary>All workers.</summary>
    public ReadOnlySpan<WorkerSlot> Slots => _slots;

    /// <summary>Takes a new snapshot in; gives back the workers that are gone or dead with requests assigned.</summary>
    public List<WorkerSlot> Apply(EndpointSnapshot snapshot, long now)
    {
        List<WorkerSlot> lost = [];
        var known = new HashSet<long>();
        _maxQueueTime = snapshot.MaxQueueTime;
        foreach (var route in snapshot.Workers)
        {
            known.Add(route.Id);
            if (!_byId.TryGetValue(route.Id, out var slot))
            {
                _byId[route.Id] = slot = new WorkerSlot(route);
            }

            var moved = slot.Route.Url != route.Url;
            slot.Route = route;
            if (!route.Alive || moved)
            {
                slot.ForeignLoad = 0;
                lost.Add(slot);
            }
        }

        foreach (var gone in _byId.Values.Where(s => !known.Contains(s.Route.Id)).ToList())
        {
            _byId.Remove(gone.Route.Id);
            _shunned.Remove(gone);
            lost.Add(gone);
        }

        Arrange(now);
        return lost;
    }

    /// <summary>The worker with this id, if routing knows it.</summary>
    public WorkerSlot? Find(long workerId) => _byId.GetValueOrDefault(workerId);

    /// <summary>The worker that is expected to finish first for a key's request, another than <paramref name="avoided"/> if there is one.</summary>
    public WorkerSlot? Pick(double cost, long avoided, string key, long now)
    {
        if (_shunned.Count == 0 || key.Length == 0)
        {
            return Pick(cost, avoided);
        }

        // Some workers are not for this key now: they look closed while the others are compared.
        List<(int Index, double Inverse)> closed = [];
        foreach (var slot in _shunned.Where(s => s.StrikesByKey.TryGetValue(key, out var strikes) && strikes.Until > now && IsHere(s)))
        {
            closed.Add((slot.Index, _inverse[slot.Index]));
            _inverse[slot.Index] = double.PositiveInfinity;
        }

        var picked = Pick(cost, avoided);
        foreach (var (index, inverse) in closed)
        {
            _inverse[index] = inverse;
        }

        return picked;
    }

    /// <summary>A key's requests go elsewhere for a while, or no longer.</summary>
    public void Shun(WorkerSlot slot)
    {
        if (slot.StrikesByKey.Count > 0)
        {
            _shunned.Add(slot);
        }
        else
        {
            _shunned.Remove(slot);
        }
    }

    /// <summary>The worker that is expected to finish first, another than <paramref name="avoided"/> if there is one.</summary>
    public WorkerSlot? Pick(double cost, long avoided)
    {
        if (avoided == 0 || !_byId.TryGetValue(avoided, out var slot))
        {
            return At(LeastFinish.Find(_outstanding, _inverse, cost));
        }

        var inverse = _inverse[slot.Index];
        _inverse[slot.Index] = double.PositiveInfinity;
        var other = LeastFinish.Find(_outstanding, _inverse, cost);
        _inverse[slot.Index] = inverse;
        return other >= 0 ? At(other) : At(LeastFinish.Find(_outstanding, _inverse, cost));
    }

    /// <summary>Brings the arrays up to date after a worker's load or state changed.</summary>
    public void Refresh(WorkerSlot slot, long now)
    {
        if (!IsHere(slot))
        {
            return; // gone from the table; its last requests are ending
        }

        var route = slot.Route;
        var inverse = 1 / route.Perf;
        _outstanding[slot.Index] = slot.Outstanding;
        _inverse[slot.Index] =
            route.Open && route.Perf > 0 && slot.PausedUntil <= now && slot.Outstanding * inverse < Limit(slot, now) ? inverse : double.PositiveInfinity;
    }

    /// <summary>Load that fits into a worker's queue.</summary>
    public double Room(WorkerSlot slot) => Math.Min(_maxQueueTime, slot.Route.QueueLimit) * slot.Route.Perf;

    private double Limit(WorkerSlot slot, long now)
    {
        var limit = Math.Min(_maxQueueTime, slot.Route.QueueLimit);
        return slot.LearnedUntil > now ? Math.Min(limit, slot.LearnedLimit) : limit;
    }

    private bool IsHere(WorkerSlot slot) => slot.Index < _slots.Length && _slots[slot.Index] == slot;

    private WorkerSlot? At(int index) => index >= 0 ? _slots[index] : null;

    private void Arrange(long now)
    {
        _slots = [.. _byId.Values.OrderByDescending(s => s.Route.Perf).ThenBy(s => s.Route.Id)];
        _outstanding = new double[_slots.Length];
        _inverse = new double[_slots.Length];
        for (var i = 0; i < _slots.Length; i++)
        {
            _slots[i].Index = i;
            Refresh(_slots[i], now);
        }
    }
}
