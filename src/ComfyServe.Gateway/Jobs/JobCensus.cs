using ComfyServe.Jobs;

namespace ComfyServe.Gateway.Jobs;

/// <summary>How many durable jobs wait at each endpoint: one query for all of them, at most once a second, whoever asks.</summary>
internal sealed class JobCensus(EndpointLedger ledger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly JobCounts None = new(0, 0, 0, 0, null);
    private readonly SemaphoreSlim _counting = new(1, 1);
    private View? _view;

    /// <summary>The jobs of an endpoint, a second old at most.</summary>
    public async ValueTask<JobCounts> CountAsync(long endpointId, CancellationToken cancellationToken)
    {
        var view = Volatile.Read(ref _view);
        if (!IsFresh(view))
        {
            view = await RenewAsync(cancellationToken);
        }

        return view!.Queues.GetValueOrDefault(EndpointLedger.QueueOf(endpointId), None);
    }

    /// <inheritdoc/>
    public void Dispose() => _counting.Dispose();

    private async Task<View> RenewAsync(CancellationToken cancellationToken)
    {
        await _counting.WaitAsync(cancellationToken);
        try
        {
            if (_view is { } view && IsFresh(view))
            {
                return view; // somebody else has counted meanwhile
            }

            var at = time.GetTimestamp();
            var counted = new View(at, await ledger.Jobs.CountAllAsync(cancellationToken));
            Volatile.Write(ref _view, counted);
            return counted;
        }
        finally
        {
            _counting.Release();
        }
    }

    private bool IsFresh(View? view) => view is not null && time.GetElapsedTime(view.At) < Fresh;

    private sealed record View(long At, IReadOnlyDictionary<string, JobCounts> Queues);
}
