namespace ComfyServe.Worker.Tickets;

/// <summary>Remembers the nonces of used tickets until the tickets have ended anyway. Thread-safe.</summary>
internal sealed class NonceMemory(int capacity = 100_000)
{
    // The clock is the gateway's and may be set back a little: remember longer than the ticket is good.
    private const long Margin = 120_000;
    private readonly Lock _gate = new(); // guards both collections
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, long> _ends = new();

    /// <summary>Nonces remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _seen.Count;
            }
        }
    }

    /// <summary>Takes a nonce; false if it was taken before, or if more tickets are alive than can be remembered.</summary>
    public bool TryTake(string nonce, long expiresAt, long now)
    {
        lock (_gate)
        {
            while (_ends.TryPeek(out var ended, out var end) && end < now)
            {
                _ends.Dequeue();
                _seen.Remove(ended);
            }

            if (_seen.Count >= capacity || !_seen.Add(nonce))
            {
                return false;
            }

            _ends.Enqueue(nonce, expiresAt + Margin);
            return true;
        }
    }
}
