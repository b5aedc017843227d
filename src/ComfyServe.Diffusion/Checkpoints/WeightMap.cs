using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>The weights of one model by name, seen below a prefix.</summary>
/// <remarks>
/// A model's constructor takes each of its tensors once, with the shape that it needs. What is missing or has another
/// shape is collected, so that <see cref="ThrowIfIncomplete"/> names everything at once. Tensors that come from a file
/// belong to the model that took them (<see cref="Owned"/>).
/// </remarks>
public sealed class WeightMap
{
    private readonly IWeightSource _source;
    private readonly string _prefix;
    private readonly Ledger _ledger;

    /// <summary>Opens a source at its root.</summary>
    public WeightMap(IWeightSource source)
        : this(source, Kernels.Torch)
    {
    }

    /// <summary>Opens a source at its root for a model that is trained: results and gradients are compared with float64 once per shape.</summary>
    /// <param name="source">Where the weights are.</param>
    /// <param name="verdicts">What is known of this machine's kernels, and added to.</param>
    public WeightMap(IWeightSource source, KernelVerdicts verdicts)
        : this(source, new CheckedGradients(new CheckedKernels(Kernels.Torch, verdicts), verdicts))
    {
    }

    /// <summary>Opens a source at its root for a model that computes with the given kernels.</summary>
    internal WeightMap(IWeightSource source, Kernels kernels)
        : this(source, kernels, "", new Ledger(""))
    {
    }

    private WeightMap(IWeightSource source, Kernels kernels, string prefix, Ledger ledger) =>
        (_source, Kernels, _prefix, _ledger) = (source, kernels, prefix, ledger);

    /// <summary>The names below the prefix, without it.</summary>
    public IEnumerable<string> Names =>
        _source.Names.Where(n => n.StartsWith(_prefix, StringComparison.Ordinal)).Select(n => n[_prefix.Length..]);

    /// <summary>Tensors made for the model while it took its weights; whoever builds the model disposes of them.</summary>
    public IReadOnlyCollection<Tensor> Owned => _ledger.Owned;

    /// <summary>The tensors that the model took, by their names below the model's prefix.</summary>
    internal IReadOnlyDictionary<string, Tensor> Taken => _ledger.Taken;

    /// <summary>What the model's layers compute with.</summary>
    internal Kernels Kernels { get; }

    /// <summary>Steps down: names of the result are relative to <c>prefix + name + "."</c>.</summary>
    public WeightMap this[string name] => new(_source, Kernels, $"{_prefix}{name}.", _ledger);

    /// <summary>Starts a model of its own at a prefix that is taken literally (with its dot), such as <c>first_stage_model.</c>.</summary>
    public WeightMap Model(string prefix) => new(_source, Kernels, _prefix + prefix, new Ledger(_prefix + prefix));

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => _source.ShapeOf(_prefix + name) is not null;

    /// <summary>The shape of a tensor, or null where there is none of that name.</summary>
    public IReadOnlyList<long>? ShapeOf(string name) => _source.ShapeOf(_prefix + name);

    /// <summary>Takes a tensor. A missing or differently shaped one is noted and a placeholder returned.</summary>
    /// <param name="name">The name below the prefix.</param>
    /// <param name="shape">The shape that the model needs.</param>
    public Tensor Take(string name, params ReadOnlySpan<long> shape)
    {
        var full = _prefix + name;
        var found = _source.ShapeOf(full);
        if (found is null && !_source.CreatesMissing)
        {
            _ledger.Problems.Add($"'{full}' is missing");
            return Own(empty(0));
        }

        if (found is not null && !Matches(found, shape))
        {
            _ledger.Problems.Add($"'{full}' has shape [{string.Join(", ", found)}] instead of [{string.Join(", ", shape.ToArray())}]");
            return Own(empty(0));
        }

        var tensor = _source.Load(full, shape);
        _ledger.Taken[full[_ledger.Prefix.Length..]] = tensor;
        return _source.GivesOwnership(full) ? Own(tensor) : tensor;
    }

    /// <summary>Registers a tensor made from taken ones (such as a fused weight) as the model's own.</summary>
    public Tensor Own(Tensor tensor)
    {
        _ledger.Owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    /// <summary>Disposes of a taken tensor that a fused one replaces. Does nothing where tensors belong to the caller.</summary>
    public void Release(Tensor tensor)
    {
        if (_ledger.Owned.Remove(tensor))
        {
            tensor.Dispose();
        }
    }

    /// <summary>Ends the taking: throws when anything was missing or of another shape, naming all of it.</summary>
    /// <exception cref="CheckpointException">Something was; all tensors taken so far are disposed of.</exception>
    public void ThrowIfIncomplete()
    {
        if (_ledger.Problems.Count == 0)
        {
            return;
        }

        foreach (var tensor in _ledger.Owned)
        {
            tensor.Dispose();
        }

        const int Shown = 20;
        var more = _ledger.Problems.Count > Shown ? $" and {_ledger.Problems.Count - Shown} more" : "";
        throw new CheckpointException(
            $"{_source.Name} does not fit the model: {string.Join("; ", _ledger.Problems.Take(Shown))}{more}");
    }

    private static bool Matches(IReadOnlyList<long> found, ReadOnlySpan<long> wanted)
    {
        if (found.Count != wanted.Length)
        {
            return false;
        }

        for (var i = 0; i < wanted.Length; i++)
        {
            if (found[i] != wanted[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What one model took; shared by all maps below its root.</summary>
    private sealed class Ledger(string prefix)
    {
        public string Prefix { get; } = prefix;

        public Dictionary<string, Tensor> Taken { get; } = new(StringComparer.Ordinal);

        // By reference: TorchSharp's own equality compares elements.
        public HashSet<Tensor> Owned { get; } = new(ReferenceEqualityComparer.Instance);

        public List<string> Problems { get; } = [];
    }
}
