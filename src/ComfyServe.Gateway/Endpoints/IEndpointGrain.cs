namespace ComfyServe.Gateway.Endpoints;

/// <summary>The one owner of an endpoint in a cluster of gateways. Its key is the endpoint's id. Never on a request's path.</summary>
[Alias("comfyserve.IEndpointGrain")]
internal interface IEndpointGrain : IGrainWithIntegerKey
{
    /// <summary>A gateway's regular news; the answer has a snapshot if there is a newer one than it has.</summary>
    [Alias("Sync")]
    Task<EndpointNews> SyncAsync(GatewaySync sync);

    /// <summary>A worker's report.</summary>
    [Alias("Report")]
    Task<ReportVerdict> ReportAsync(WorkerStatusText report, long knownVersion);

    /// <summary>The endpoint's parameters or workergroups changed in the store.</summary>
    [Alias("Reconfigure")]
    Task ReconfigureAsync();

    /// <summary>Makes a place for a worker that is started by hand.</summary>
    [Alias("AddPlace")]
    Task<long> AddPlaceAsync();

    /// <summary>Removes one worker; false if there is none.</summary>
    [Alias("RemoveWorker")]
    Task<bool> RemoveWorkerAsync(long workerId);

    /// <summary>Workers as JSON of <c>WorkerView[]</c>, of one workergroup if given.</summary>
    [Alias("Workers")]
    Task<byte[]> WorkersAsync(long? workergroupId);

    /// <summary>What the endpoint does now, as JSON of <c>EndpointOverview</c>.</summary>
    [Alias("Overview")]
    Task<byte[]> OverviewAsync();

    /// <summary>The log as JSON of <c>EndpointLogs</c>.</summary>
    [Alias("Logs")]
    Task<byte[]> LogsAsync(int? tail);

    /// <summary>Workers of a workergroup that still run an older template stay as they are; gives back how many.</summary>
    [Alias("CancelUpdate")]
    Task<int> CancelUpdateAsync(long workergroupId);

    /// <summary>The endpoint was deleted: destroys its workers; gives back their ids.</summary>
    [Alias("Delete")]
    Task<IReadOnlyList<long>> DeleteAsync();

    /// <summary>A workergroup was deleted: destroys its workers; gives back their ids.</summary>
    [Alias("DeleteGroup")]
    Task<IReadOnlyList<long>> DeleteGroupAsync(long workergroupId);
}
