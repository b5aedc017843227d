namespace ComfyServe.Hosting;

/// <summary>Bounds the memory that request bodies take together. Thread-safe.</summary>
/// <param name="bytes">Bytes in all.</param>
public sealed class BodyBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>Bytes that are left; below zero while more was taken than there is.</summary>
    public long Left => Volatile.Read(ref _left);

    /// <summary>Takes some bytes, or none and false when fewer are left.</summary>
    /// <param name="count">How many.</param>
    public bool TryTake(long count)
    {
        if (Interlocked.Add(ref _left, -count) >= 0)
        {
            return true;
        }

        Interlocked.Add(ref _left, count);
        return false;
    }

    /// <summary>Takes bytes that are in memory already, whatever is left.</summary>
    /// <param name="count">How many.</param>
    public void Take(long count) => Interlocked.Add(ref _left, -count);

    /// <summary>Gives bytes back.</summary>
    /// <param name="count">How many.</param>
    public void Return(long count) => Interlocked.Add(ref _left, count);
}
