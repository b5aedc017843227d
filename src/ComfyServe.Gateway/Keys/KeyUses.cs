using System.Collections.Concurrent;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Keys;

/// <summary>When each key was used last at this gateway. Noted in memory for each call, and saved now and then.</summary>
internal sealed class KeyUses(TimeProvider time)
{
    // One for each key that was used: as many as the store has keys, at most. Requests write, saving reads.
    private readonly ConcurrentDictionary<string, LastUse> _uses = new(StringComparer.Ordinal);

    /// <summary>A key was used now.</summary>
    public void Note(Caller caller)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var use = _uses.GetOrAdd(caller.KeyId, static _ => new LastUse());
        if (Volatile.Read(ref use.At) != now)
        {
            Volatile.Write(ref use.At, now);
        }
    }

    /// <summary>Saves what has changed since the last time.</summary>
    public async Task SaveAsync(IGatewayStore store, CancellationToken cancellationToken)
    {
        foreach (var (key, use) in _uses)
        {
            var at = Volatile.Read(ref use.At);
            if (at != Volatile.Read(ref use.Saved))
            {
                await store.SaveKeyUseAsync(key, at, cancellationToken);
                Volatile.Write(ref use.Saved, at);
            }
        }
    }

    private sealed class LastUse
    {
        public long At;
        public long Saved;
    }
}
