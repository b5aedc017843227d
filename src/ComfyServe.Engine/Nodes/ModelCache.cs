using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Engine.Nodes;

/// <summary>Loaded models by key, so that two workflows with the same checkpoint load it once.</summary>
/// <remarks>Used from the inference thread only; <see cref="Clear"/> runs between prompts.</remarks>
/// <param name="format">What models compute in; null: the best that this machine computes right.</param>
public sealed class ModelCache(ComputeFormat? format = null)
{
    private readonly Lazy<ComputeFormat> _format = new(() => format ?? ComputeFormats.ForThisMachine());
    private readonly Dictionary<string, object> _models = new(StringComparer.Ordinal);

    /// <summary>What models compute in.</summary>
    public ComputeFormat Format => _format.Value;

    /// <summary>Number of models held.</summary>
    public int Count => _models.Count;

    /// <summary>Returns the model under a key; loads it where there is none.</summary>
    /// <typeparam name="T">The model's class.</typeparam>
    /// <param name="key">What identifies the loaded weights: file, its time and length, and the options of loading.</param>
    /// <param name="load">Loads the model.</param>
    public T GetOrLoad<T>(string key, Func<T> load)
        where T : class
    {
        if (_models.TryGetValue(key, out var known))
        {
            return (T)known;
        }

        var model = load();
        _models[key] = model;
        return model;
    }

    /// <summary>Lets go of all models; those that are <see cref="IDisposable"/> are disposed of.</summary>
    /// <remarks>The engine drops every cached result first: no handle to a model survives.</remarks>
    public void Clear()
    {
        foreach (var model in _models.Values)
        {
            (model as IDisposable)?.Dispose();
        }

        _models.Clear();
    }
}
