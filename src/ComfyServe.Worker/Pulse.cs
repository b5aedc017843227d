namespace ComfyServe.Worker;

/// <summary>Wakes one waiting loop early; several calls while it works count as one.</summary>
internal sealed class Pulse(TimeProvider time)
{
    private TaskCompletionSource _beat = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the loop.</summary>
    public void Beat() => Volatile.Read(ref _beat).TrySetResult();

    /// <summary>Waits for a beat, but no longer than <paramref name="atMost"/>.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(atMost, time, enough.Token);
        await Task.WhenAny(Volatile.Read(ref _beat).Task, pause);
        await enough.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        Volatile.Write(ref _beat, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
