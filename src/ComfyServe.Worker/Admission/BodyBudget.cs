namespace ComfyServe.Worker.Admission;

/// <summary>Bounds the memory that request bodies take together. Thread-safe.</summary>
internal sealed class BodyBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>Bytes that are left.</summary>
    public long Left => Volatile.Read(ref _left);

    /// <summary>Takes some bytes, or none and false when fewer are left.</summary>
    public bool TryTake(long count)
    {
        if (Interlocked.Add(ref _left, -count) >= 0)
        {
            return true;
        }

        Interlocked.Add(ref _left, count);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(long count) => Interlocked.Add(ref _left, count);
}
