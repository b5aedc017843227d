using System.Runtime.CompilerServices;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Engine.Nodes;

/// <summary>Loaded models by key, so that two workflows with the same checkpoint load it once.</summary>
/// <remarks>
/// Used from the inference thread only; <see cref="Clear"/> runs between prompts. Where a new model would make the
/// models take more than half of the machine's memory, those that were not used for longest are let go of: their memory
/// comes back as soon as no cached result holds them either.
/// </remarks>
public sealed class ModelCache
{
    private readonly Dictionary<string, Entry> _models = new(StringComparer.Ordinal);
    private readonly Lazy<KernelVerdicts> _verdicts;
    private readonly Lazy<ComputeFormat> _format;
    private readonly ConditionalWeakTable<object, string> _identities = [];
    private readonly Action<string>? _warn;
    private readonly long _budget;
    private long _clock;
    private long _identity;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="format">What models compute in; null: the best that this machine computes right.</param>
    /// <param name="warn">Gets a sentence where something is not as it should be, such as a kernel that computes wrong results.</param>
    /// <param name="budget">Bytes that models may take before older ones are let go of; null: half of the memory.</param>
    /// <param name="tell">Gets a sentence on the number format that was chosen, when the first model needs it.</param>
    public ModelCache(ComputeFormat? format = null, Action<string>? warn = null, long? budget = null, Action<string>? tell = null)
    {
        _verdicts = new Lazy<KernelVerdicts>(() => KernelVerdicts.ForThisMachine(warn));
        _format = new Lazy<ComputeFormat>(() => format ?? Choose(tell));
        _warn = warn;
        _budget = budget ?? (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);
    }

    /// <summary>What models compute in.</summary>
    public ComputeFormat Format => _format.Value;

    /// <summary>What the kernel self-test knows of this machine.</summary>
    public KernelVerdicts Verdicts => _verdicts.Value;

    /// <summary>Number of models held.</summary>
    public int Count => _models.Count;

    /// <summary>Returns the model under a key; loads it where there is none.</summary>
    /// <typeparam name="T">The model's class.</typeparam>
    /// <param name="key">What identifies the loaded weights: file, its time and length, and the options of loading.</param>
    /// <param name="load">Loads the model.</param>
    /// <param name="bytes">About how much memory it will take.</param>
    public T GetOrLoad<T>(string key, Func<T> load, long bytes = 0)
        where T : class
    {
        _clock++;
        if (_models.TryGetValue(key, out var known))
        {
            known.LastUse = _clock;
            return (T)known.Model;
        }

        MakeRoom(bytes);
        var model = load();
        _models[key] = new Entry(model, bytes) { LastUse = _clock };
        return model;
    }

    /// <summary>A text that no other model has: for keys of models that are made from another one.</summary>
    public string IdentityOf(object model) => _identities.GetValue(model, _ => $"model {++_identity}");

    /// <summary>Tells the operator what a node noticed.</summary>
    public void Warn(string sentence) => _warn?.Invoke(sentence);

    /// <summary>Lets go of all models; those that are <see cref="IDisposable"/> are disposed of.</summary>
    /// <remarks>The engine drops every cached result first: no handle to a model survives.</remarks>
    public void Clear()
    {
        foreach (var entry in _models.Values)
        {
            (entry.Model as IDisposable)?.Dispose();
        }

        _models.Clear();
    }

    private ComputeFormat Choose(Action<string>? tell)
    {
        var choice = ComputeFormats.Choose(_verdicts.Value);
        tell?.Invoke($"models compute in {choice.Format.Name} on this machine: {choice.Reason}");
        return choice.Format;
    }

    private void MakeRoom(long bytes)
    {
        var total = _models.Values.Sum(static entry => entry.Bytes);
        var dropped = false;
        foreach (var (key, entry) in _models.OrderBy(static pair => pair.Value.LastUse).ToList())
        {
            if (total + bytes <= _budget)
            {
                break;
            }

            // Not disposed of: a cached result of the running prompt may still hold it. Its tensors free themselves.
            total -= entry.Bytes;
            dropped |= _models.Remove(key) && entry.Bytes > 0;
        }

        if (dropped)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            MemoryRoom.Trim();
        }
    }

    private sealed class Entry(object model, long bytes)
    {
        public object Model { get; } = model;

        public long Bytes { get; } = bytes;

        public long LastUse { get; set; }
    }
}
