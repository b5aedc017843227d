namespace ComfyServe.Hosting;

/// <summary>A signal for one waiter; signals that arrive while nobody waits are merged into one.</summary>
public sealed class AsyncSignal(TimeProvider time)
{
    // Written by the waiter alone (a fresh source after each signal); completed by anybody.
    private volatile TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the waiter.</summary>
    public void Set() => _source.TrySetResult();

    /// <summary>Waits for the next signal; false when none came within <paramref name="timeout"/>.</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await _source.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }

        // A Set between completion and this line is not lost: the waiter looks at the facts after it.
        _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return true;
    }
}
