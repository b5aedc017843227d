using System.Collections.Concurrent;
using System.Collections.Frozen;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>Endpoints, workergroups and keys as this gateway knows them: an immutable view, renewed when the store's version has changed.</summary>
internal sealed class EndpointDirectory(IGatewayStore store, GatewaySecrets secrets, KeyRing keys, SeatTable seats) : IDisposable
{
    private const int MaxRemembered = 100_000;
    private readonly ConcurrentDictionary<long, long> _endpointOfWorker = new();
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private View _view = View.Empty;
    private KeyValuePair<string, Caller>? _configured;

    /// <summary>All endpoints, in order of their ids.</summary>
    public IReadOnlyList<EndpointRow> Endpoints => Volatile.Read(ref _view).Endpoints;

    /// <summary>All workergroups, in order of their ids.</summary>
    public IReadOnlyList<WorkergroupRow> Workergroups => Volatile.Read(ref _view).Workergroups;

    /// <summary>API keys, in order of their ids.</summary>
    public IReadOnlyList<ApiKeyRow> Keys => Volatile.Read(ref _view).Keys;

    /// <summary>The endpoint with this name.</summary>
    public EndpointRow? Find(string name) => Volatile.Read(ref _view).ByName.GetValueOrDefault(name);

    /// <summary>The endpoint with this id.</summary>
    public EndpointRow? Find(long id) => Volatile.Read(ref _view).ById.GetValueOrDefault(id);

    /// <summary>An endpoint's own key.</summary>
    public string KeyOf(EndpointRow endpoint) => secrets.EndpointKey(endpoint.Id, endpoint.KeyNumber);

    /// <summary>A key from the configuration, which is stored nowhere.</summary>
    public void Configure(string accountKey) => _configured = new(KeyRing.Hash(accountKey), new Caller("account", null));

    /// <summary>The endpoint of a worker, or null. Asks the store once for each worker.</summary>
    public async ValueTask<long?> EndpointOfAsync(long workerId, CancellationToken cancellationToken)
    {
        if (_endpointOfWorker.TryGetValue(workerId, out var known))
        {
            return known;
        }

        if (await store.EndpointOfWorkerAsync(workerId, cancellationToken) is not { } found)
        {
            return null;
        }

        if (_endpointOfWorker.Count > MaxRemembered)
        {
            _endpointOfWorker.Clear();
        }

        return _endpointOfWorker[workerId] = found;
    }

    /// <summary>Forgets where a worker belongs: it is gone, or it has moved.</summary>
    public void Forget(long workerId) => _endpointOfWorker.TryRemove(workerId, out _);

    /// <summary>Renews the view if the store has changed.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken);
        try
        {
            var version = await store.VersionAsync(cancellationToken);
            if (version == _view.Version)
            {
                return;
            }

            var view = new View(
                version,
                await store.EndpointsAsync(cancellationToken),
                await store.WorkergroupsAsync(cancellationToken),
                await store.ApiKeysAsync(cancellationToken));
            keys.Replace(AllKeys(view));
            Volatile.Write(ref _view, view);
            seats.Keep(view.ById.ContainsKey);
            foreach (var endpoint in view.Endpoints)
            {
                seats.Seat(endpoint.Id);
            }
        }
        finally
        {
            _renewing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _renewing.Dispose();

    private IEnumerable<KeyValuePair<string, Caller>> AllKeys(View view)
    {
        var all = view.Endpoints.Select(e => KeyValuePair.Create(KeyRing.Hash(KeyOf(e)), Caller.Of(e)))
            .Concat(view.Keys.Select(k => KeyValuePair.Create(k.Hash, Caller.Of(k))));
        return (_configured is { } configured ? all.Prepend(configured) : all).DistinctBy(k => k.Key);
    }

    private sealed class View(
        long version, IReadOnlyList<EndpointRow> endpoints, IReadOnlyList<WorkergroupRow> workergroups, IReadOnlyList<ApiKeyRow> keys)
    {
        public static View Empty { get; } = new(-1, [], [], []);

        public long Version { get; } = version;

        public IReadOnlyList<EndpointRow> Endpoints { get; } = endpoints;

        public IReadOnlyList<WorkergroupRow> Workergroups { get; } = workergroups;

        public IReadOnlyList<ApiKeyRow> Keys { get; } = keys;

        public FrozenDictionary<string, EndpointRow> ByName { get; } = endpoints.ToFrozenDictionary(e => e.Name, StringComparer.Ordinal);

        public FrozenDictionary<long, EndpointRow> ById { get; } = endpoints.ToFrozenDictionary(e => e.Id);
    }
}
