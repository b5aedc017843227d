using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>
/// The engines' node catalogue, asked for once and again when it is old or an engine came back. Whoever asks while it is being read waits for the
/// same answer; without any answer there is no catalogue, and requests are only checked by the engine itself.
/// </summary>
internal sealed partial class CatalogueStore(EnginePool pool, TimeProvider time, ILogger<CatalogueStore> logger)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new(); // guards the fields below
    private Task<NodeCatalogue?>? _reading;
    private NodeCatalogue? _known;
    private long _readAt;
    private int _connections = -1;

    /// <summary>The catalogue; null when no engine tells.</summary>
    public async Task<NodeCatalogue?> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await CurrentAsync().WaitAsync(Patience, time, cancellationToken) is { Names.Count: > 0 } catalogue ? catalogue : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>The catalogue if an engine is there to tell it.</summary>
    /// <param name="youngerThan">A catalogue that is older is read again: files come and go.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<NodeCatalogue?> PeekAsync(TimeSpan youngerThan, CancellationToken cancellationToken)
    {
        if (!pool.Engines.Any(e => e.IsAvailable))
        {
            return null;
        }

        lock (_gate)
        {
            if (_known is not null && time.GetElapsedTime(_readAt) >= youngerThan)
            {
                _known = null;
            }
        }

        return await GetAsync(cancellationToken);
    }

    private Task<NodeCatalogue?> CurrentAsync()
    {
        lock (_gate)
        {
            var connections = pool.Engines.Sum(e => e.Socket.Connections);
            if (_known is not null && connections == _connections && time.GetElapsedTime(_readAt) < Fresh)
            {
                return Task.FromResult<NodeCatalogue?>(_known);
            }

            if (_reading is null || _reading.IsCompleted)
            {
                _reading = ReadAsync(connections);
            }

            return _reading;
        }
    }

    private async Task<NodeCatalogue?> ReadAsync(int connections)
    {
        await WhenOneIsThereAsync();
        foreach (var engine in pool.Engines.Where(e => e.IsAvailable))
        {
            try
            {
                var catalogue = NodeCatalogue.Read(await engine.Client.CatalogueAsync(default));
                lock (_gate)
                {
                    _known = catalogue;
                    _readAt = time.GetTimestamp();
                    _connections = connections;
                }

                return catalogue;
            }
            catch (EngineUnreachableException e)
            {
                Log.Unread(logger, engine.Name, e.Message);
            }
        }

        return null;
    }

    /// <summary>Just after the start no engine is connected yet; without one the job waits anyway.</summary>
    private Task WhenOneIsThereAsync() => pool.Engines.Any(e => e.IsAvailable)
        ? Task.CompletedTask
        : Task.WhenAny(pool.Engines.Select(e => e.Socket.WhenConnectedAsync(Connect, default)));

    private static partial class Log
    {
        [LoggerMessage(2030, LogLevel.Warning, "Engine '{Engine}' did not tell its nodes: {Reason}")]
        public static partial void Unread(ILogger logger, string engine, string reason);
    }
}
