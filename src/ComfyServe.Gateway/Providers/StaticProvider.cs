namespace ComfyServe.Gateway.Providers;

/// <summary>Workers that somebody else starts and that register themselves: counted and routed to, never made or stopped.</summary>
internal sealed class StaticProvider : IWorkerProvider
{
    /// <inheritdoc/>
    public string Name => "static";

    /// <inheritdoc/>
    public int Slots(IReadOnlyDictionary<string, string> settings) => 0;

    /// <inheritdoc/>
    public IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings) =>
        settings.Count == 0 ? [] : [$"'provider_settings' of 'static' must be empty but has {string.Join(", ", settings.Keys.Select(k => $"'{k}'"))}"];

    /// <inheritdoc/>
    public Task StartAsync(WorkerOrder order, CancellationToken cancellationToken) => throw Cannot(order);

    /// <inheritdoc/>
    public Task StopAsync(WorkerOrder order, CancellationToken cancellationToken) => throw Cannot(order);

    /// <inheritdoc/>
    public Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken) => throw Cannot(order);

    /// <inheritdoc/>
    public Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken) => throw Cannot(order);

    private static ProviderFailedException Cannot(WorkerOrder order) =>
        new($"worker {order.WorkerId} is started by hand: the gateway cannot start or stop it");
}
