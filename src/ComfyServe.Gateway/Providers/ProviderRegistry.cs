namespace ComfyServe.Gateway.Providers;

/// <summary>The providers by name.</summary>
internal sealed class ProviderRegistry(IEnumerable<IWorkerProvider> providers)
{
    private readonly Dictionary<string, IWorkerProvider> _byName = providers.ToDictionary(p => p.Name, StringComparer.Ordinal);

    /// <summary>Their names.</summary>
    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>The provider with this name, or null.</summary>
    public IWorkerProvider? Find(string name) => _byName.GetValueOrDefault(name);
}
