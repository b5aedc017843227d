namespace ComfyServe.Worker.Admission;

/// <summary>The right to work; given back once, however often it is disposed.</summary>
internal sealed class Turn(TurnQueue queue) : IDisposable
{
    private TurnQueue? _queue = queue;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _queue, null)?.Release();
}
