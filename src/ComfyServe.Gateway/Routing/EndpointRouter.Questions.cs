namespace ComfyServe.Gateway.Routing;

/// <content>What others ask a router.</content>
internal sealed partial class EndpointRouter
{
    /// <summary>Requests that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Whether a worker is free for one more request and nobody waits for it.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return !_queue.AnyHere && _workers.Pick(0, 0) is not null;
            }
        }
    }

    /// <summary>Whether a request's worker is dead or gone and the request was taken from it.</summary>
    public bool IsLost(long requestIdx, long workerId)
    {
        lock (_gate)
        {
            return _workers.Find(workerId) is not { Route.Alive: true } && _requests.Find(requestIdx)?.State != RequestState.Assigned;
        }
    }

    /// <summary>Load that one worker has in this router's eyes.</summary>
    public double OutstandingAt(long workerId)
    {
        lock (_gate)
        {
            return _workers.Find(workerId)?.Outstanding ?? 0;
        }
    }

    /// <summary>Demand since the last time and now.</summary>
    public RouterLoad Drain(long now)
    {
        lock (_gate)
        {
            var outstanding = 0.0;
            foreach (var slot in _workers.Slots)
            {
                outstanding += slot.OwnLoad;
            }

            var load = new RouterLoad
            {
                Arrived = _arrived,
                Requests = _arrivals,
                QueuedLoad = _queue.Load,
                QueuedRequests = _queue.Count,
                OldestWait = _queue.Oldest is { } oldest ? (now - oldest.QueuedAt) / 1000.0 : 0,
                Outstanding = outstanding,
            };
            (_arrived, _arrivals) = (0, 0);
            return load;
        }
    }
}
