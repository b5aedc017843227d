using System.Collections.Concurrent;

namespace ComfyServe.Api.Engines;

/// <summary>Knows where engines keep their files: asks each once for every connection.</summary>
internal sealed class EngineFolderStore(ApiOptions options)
{
    private const int MaxKnown = 1000;

    private readonly ConcurrentDictionary<(string Engine, int Connections), EngineFolders> _known = new();

    /// <summary>The folders of an engine. Never fails: what cannot be learnt is not known.</summary>
    public async Task<EngineFolders> GetAsync(Engine engine, CancellationToken cancellationToken)
    {
        if (options.EngineFolder is { } root)
        {
            return EngineFolders.Below(root);
        }

        var key = (engine.BaseUrl, engine.Socket.Connections);
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        try
        {
            known = await engine.Client.FoldersAsync(cancellationToken);
        }
        catch (EngineUnreachableException)
        {
            return EngineFolders.Unknown; // The next job asks again.
        }

        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        return _known[key] = known;
    }
}
