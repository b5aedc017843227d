namespace ComfyServe.Gateway.Storage;

/// <summary>
/// What gateways keep: endpoints, workergroups, workers, keys and secrets. Every change of the first three and of the keys
/// raises <see cref="VersionAsync"/>, so that other gateways on the same store notice.
/// </summary>
internal interface IGatewayStore
{
    /// <summary>Makes the tables if they are not there.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Grows with each change that a directory must see.</summary>
    Task<long> VersionAsync(CancellationToken cancellationToken);

    /// <summary>The next number of a named counter, from 1; never the same twice.</summary>
    Task<long> NextAsync(string counter, CancellationToken cancellationToken);

    /// <summary>A secret by name; the first gateway to ask makes it.</summary>
    Task<byte[]> SecretAsync(string name, Func<byte[]> make, CancellationToken cancellationToken);

    /// <summary>All endpoints.</summary>
    Task<IReadOnlyList<EndpointRow>> EndpointsAsync(CancellationToken cancellationToken);

    /// <summary>Adds an endpoint; false if its name is taken.</summary>
    Task<bool> AddEndpointAsync(EndpointRow endpoint, CancellationToken cancellationToken);

    /// <summary>Changes an endpoint; false if its new name is taken or it is gone.</summary>
    Task<bool> UpdateEndpointAsync(EndpointRow endpoint, CancellationToken cancellationToken);

    /// <summary>Removes an endpoint with its workergroups and keys. Its workers stay until they are destroyed.</summary>
    Task RemoveEndpointAsync(long id, CancellationToken cancellationToken);

    /// <summary>All workergroups.</summary>
    Task<IReadOnlyList<WorkergroupRow>> WorkergroupsAsync(CancellationToken cancellationToken);

    /// <summary>Adds or changes a workergroup.</summary>
    Task SaveWorkergroupAsync(WorkergroupRow workergroup, CancellationToken cancellationToken);

    /// <summary>Removes a workergroup.</summary>
    Task RemoveWorkergroupAsync(long id, CancellationToken cancellationToken);

    /// <summary>Takes an endpoint over: the returned epoch fences writes of earlier owners.</summary>
    Task<long> ClaimAsync(long endpointId, CancellationToken cancellationToken);

    /// <summary>An endpoint's workers.</summary>
    Task<IReadOnlyList<WorkerRow>> WorkersAsync(long endpointId, CancellationToken cancellationToken);

    /// <summary>The endpoint of a worker, or null if there is no such worker.</summary>
    Task<long?> EndpointOfWorkerAsync(long workerId, CancellationToken cancellationToken);

    /// <summary>Endpoints that still have workers, deleted ones included.</summary>
    Task<IReadOnlyList<long>> EndpointsWithWorkersAsync(CancellationToken cancellationToken);

    /// <summary>Adds or changes workers and removes others; false if a later owner has claimed the endpoint: then nothing was written.</summary>
    Task<bool> SaveWorkersAsync(
        long endpointId, long epoch, IReadOnlyCollection<WorkerRow> saved, IReadOnlyCollection<long> removed, CancellationToken cancellationToken);

    /// <summary>All API keys.</summary>
    Task<IReadOnlyList<ApiKeyRow>> ApiKeysAsync(CancellationToken cancellationToken);

    /// <summary>Adds an API key.</summary>
    Task AddApiKeyAsync(ApiKeyRow key, CancellationToken cancellationToken);

    /// <summary>When keys were used last, Unix seconds, by the text that stands for them in limits and logs.</summary>
    Task<IReadOnlyDictionary<string, double>> KeyUsesAsync(CancellationToken cancellationToken);

    /// <summary>A key was used; an earlier time than the known one is no news.</summary>
    Task SaveKeyUseAsync(string key, double usedAt, CancellationToken cancellationToken);

    /// <summary>Revokes an API key; false if there is none.</summary>
    Task<bool> RemoveApiKeyAsync(long id, CancellationToken cancellationToken);
}
