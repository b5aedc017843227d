using ComfyServe.Gateway.Providers;

namespace ComfyServe.Gateway.Variables;

/// <summary>Any provider, whose workers get the account's variables when they are started. Failures never show their values.</summary>
internal sealed class SupplyingProvider(IWorkerProvider provider, AccountVariables variables) : IWorkerProvider
{
    // Shorter ones ('1', 'on') would blank half of any message and are no secrets.
    private const int ShortestSecret = 6;

    /// <inheritdoc/>
    public string Name => provider.Name;

    /// <inheritdoc/>
    public int Slots(IReadOnlyDictionary<string, string> settings) => provider.Slots(settings);

    /// <inheritdoc/>
    public IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings) => provider.Mistakes(settings);

    /// <inheritdoc/>
    public async Task StartAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        var values = await variables.ForWorkerAsync(cancellationToken);
        try
        {
            await provider.StartAsync(order with { AccountVariables = values }, cancellationToken);
        }
        catch (ProviderFailedException error) when (Shows(error.Message, values))
        {
            // Without the inner exception, which would show them too.
            throw new ProviderFailedException(Hide(error.Message, values));
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(WorkerOrder order, CancellationToken cancellationToken) => provider.StopAsync(order, cancellationToken);

    /// <inheritdoc/>
    public Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken) => provider.DestroyAsync(order, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken) => provider.RunsAsync(order, cancellationToken);

    private static IEnumerable<KeyValuePair<string, string>> Secrets(IReadOnlyDictionary<string, string> values) => values.Where(static v => v.Value.Length >= ShortestSecret);

    private static bool Shows(string message, IReadOnlyDictionary<string, string> values) => Secrets(values).Any(v => message.Contains(v.Value, StringComparison.Ordinal));

    private static string Hide(string message, IReadOnlyDictionary<string, string> values) =>
        Secrets(values).OrderByDescending(static v => v.Value.Length).Aggregate(message, static (text, v) => text.Replace(v.Value, $"${{{v.Key}}}", StringComparison.Ordinal));
}
