using System.Collections.Immutable;
using ComfyServe.Gateway.Routing;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>Passes what workers told one gateway on to the others. With one gateway it keeps nothing.</summary>
internal sealed class Relay
{
    private const int MaxKept = 10_000;
    private readonly Dictionary<long, Inbox> _gateways = [];

    /// <summary>A gateway is there; those not seen for long are dropped.</summary>
    public void Seen(long gateway, double now)
    {
        if (!_gateways.TryGetValue(gateway, out var inbox))
        {
            _gateways[gateway] = inbox = new Inbox();
        }

        inbox.SeenAt = now;
        foreach (var gone in _gateways.Where(g => now - g.Value.SeenAt > 60).Select(g => g.Key).ToList())
        {
            _gateways.Remove(gone);
        }
    }

    /// <summary>Ends of requests, each for the gateway that its index belongs to.</summary>
    public void Pass(ImmutableArray<EndedWork> ended)
    {
        foreach (var work in ended.IsDefault ? [] : ended)
        {
            if (_gateways.TryGetValue(RequestIndexes.StartOf(work.RequestIdx), out var inbox) && inbox.Ended.Count < MaxKept)
            {
                inbox.Ended.Add(work);
            }
        }
    }

    /// <summary>A worker's load, for every gateway but the one that has it.</summary>
    public void Pass(long from, LoadNote note, double now)
    {
        foreach (var (gateway, inbox) in _gateways)
        {
            var isLate = note.BootId is not null && inbox.Loads.TryGetValue(note.WorkerId, out var last) && last.BootId == note.BootId && last.Sequence > note.Sequence;
            if (gateway != from && now - inbox.SeenAt < 5 && !isLate)
            {
                inbox.Loads[note.WorkerId] = note;
            }
        }
    }

    /// <summary>What there is for a gateway.</summary>
    public ImmutableArray<EndedWork> TakeEnded(long gateway)
    {
        var inbox = _gateways[gateway];
        ImmutableArray<EndedWork> taken = [.. inbox.Ended];
        inbox.Ended.Clear();
        return taken;
    }

    /// <summary>What there is for a gateway.</summary>
    public ImmutableArray<LoadNote> TakeLoads(long gateway)
    {
        var inbox = _gateways[gateway];
        ImmutableArray<LoadNote> taken = [.. inbox.Loads.Values];
        inbox.Loads.Clear();
        return taken;
    }

    private sealed class Inbox
    {
        public double SeenAt { get; set; }

        public List<EndedWork> Ended { get; } = [];

        public Dictionary<long, LoadNote> Loads { get; } = [];
    }
}
