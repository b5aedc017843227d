using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Jobs;

/// <summary>
/// Watches the worker that has a request: a frozen or cut-off one never answers, and its connection stays open. Its silence
/// towards the gateway is what tells.
/// </summary>
internal sealed class WorkerWatch : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly WorkerCalls _calls;
    private readonly EndpointRow _endpoint;
    private readonly CancellationTokenSource _lost;
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new(); // guards _asked: written by the try, read by the watch
    private readonly Task _watching;
    private (long Worker, long Idx) _asked;
    private volatile bool _isLost;

    /// <summary>Begins to watch.</summary>
    public WorkerWatch(WorkerCalls calls, EndpointRow endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        (_calls, _endpoint) = (calls, endpoint);
        _lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _lost.Token;
        _watching = WatchAsync(time);
    }

    /// <summary>Ends when the worker is lost, or with the token that was given.</summary>
    public CancellationToken Token { get; }

    /// <summary>The worker went silent.</summary>
    public bool IsLost => _isLost;

    /// <summary>The worker that is asked now, and the request's index.</summary>
    public void Asks(long worker, long idx)
    {
        lock (_gate)
        {
            _asked = (worker, idx);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching;
        _over.Dispose();
        _lost.Dispose();
    }

    private async Task WatchAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_over.Token))
            {
                (long Worker, long Idx) asked;
                lock (_gate)
                {
                    asked = _asked;
                }

                if (asked.Worker > 0 && _calls.IsLost(_endpoint, asked.Idx, asked.Worker))
                {
                    _isLost = true;
                    await _lost.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // It has ended.
        }
    }
}
