namespace ComfyServe.Gateway.Routing;

/// <content>What workers report.</content>
internal sealed partial class EndpointRouter
{
    /// <summary>Takes a worker's report in.</summary>
    public void Report(in WorkerReport report, long now)
    {
        lock (_gate)
        {
            if (_workers.Find(report.WorkerId) is not { } slot || !slot.Order.IsNews(report.BootId, report.Sequence))
            {
                return;
            }

            var own = Confirm(slot, report.Working, now);
            Shrink(slot, report.Sessions);
            var working = report.Working?.Count ?? 0;
            slot.ForeignLoad = report.Working is null
                ? Math.Max(0, report.Load - slot.OwnLoad)
                : working == 0 ? 0 : Math.Max(0, report.Load) * (working - own) / working;
            _workers.Refresh(slot, now);
            Pump(now);
        }
    }

    /// <summary>A worker says that a request ended; gives back what is known of it, or null if it is not this router's.</summary>
    public EndedWork? End(EndedWork ended, long now)
    {
        lock (_gate)
        {
            if (_requests.Find(ended.RequestIdx) is not { } entry || entry.WorkerId != ended.WorkerId || entry.State == RequestState.Queued)
            {
                return null;
            }

            var slot = _workers.Find(ended.WorkerId);
            if (ended.Kind == EndKind.Rejected)
            {
                Refused(entry, slot, now);
            }
            else
            {
                Reached(entry, slot, now);
            }

            var first = entry.State != RequestState.Ended;
            var over = ended.Kind is EndKind.Success or EndKind.Cancelled;
            Release(entry, slot, over ? RequestState.Ended : RequestState.Released, now);
            Pump(now);
            return first ? ended with { Cost = entry.Cost } : null;
        }
    }

    // Marks what the worker works on and releases what it no longer does; gives back how many of the list are this router's.
    private int Confirm(WorkerSlot slot, IReadOnlyList<long>? working, long now)
    {
        if (working is null)
        {
            return 0;
        }

        var (own, stamp) = (0, ++slot.ReportStamp);
        for (var i = 0; i < working.Count; i++)
        {
            if (_requests.Find(working[i]) is not { } entry || entry.WorkerId != slot.Route.Id || entry.State == RequestState.Queued)
            {
                continue; // another gateway's, or one that its client has given up here: load all the same, but not ours
            }

            own++;
            Reached(entry, slot, now);
            entry.ReportStamp = stamp;
            entry.SeenWorking = true;
            if (entry.State == RequestState.Released)
            {
                // Released because a report that came out of order lacked it: it runs after all.
                entry.State = RequestState.Assigned;
                slot.Assigned.Add(entry);
                slot.OwnLoad += entry.Cost;
            }
        }

        for (var i = slot.Assigned.Count - 1; i >= 0; i--)
        {
            var entry = slot.Assigned[i];
            if (entry.SeenWorking && entry.ReportStamp != stamp)
            {
                Release(entry, slot, RequestState.Released, now);
            }
        }

        return own;
    }
}
