namespace ComfyServe.Gateway.Routing;

/// <summary>
/// Gives requests their indexes. Each start of a gateway has its own range of 2^36, so that indexes never repeat, not even
/// across restarts and gateways, and the owner of an index can be told from it. All stay below 2^53, where JSON numbers are exact.
/// </summary>
/// <param name="start">Number of this start among all starts of all gateways that share a store, from 0.</param>
internal sealed class RequestIndexes(long start)
{
    private const int Bits = 36;
    private long _last = checked(start << Bits);

    /// <summary>Number of this start.</summary>
    public long Start => start;

    /// <summary>The next index.</summary>
    public long Next() => Interlocked.Increment(ref _last);

    /// <summary>Whether an index was given here, or is one of another start's.</summary>
    public bool MayExist(long requestIdx) => StartOf(requestIdx) != start || requestIdx <= Volatile.Read(ref _last);

    /// <summary>The start that an index belongs to.</summary>
    public static long StartOf(long requestIdx) => requestIdx >> Bits;

    /// <summary>Whether an index can be one of ours at all.</summary>
    public static bool IsPossible(long requestIdx) => requestIdx is >= 0 and < 1L << 53;
}
