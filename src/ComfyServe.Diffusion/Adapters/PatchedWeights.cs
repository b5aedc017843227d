using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Adapters;

/// <summary>The weights of a loaded model with a LoRA added: changed ones are new, the others are shared with the model.</summary>
/// <param name="weights">The model's weights under the names that it took them by.</param>
/// <param name="lora">The changes.</param>
/// <param name="strength">Factor on the changes.</param>
/// <param name="format">The model's format.</param>
/// <param name="keysOf">The names that a layer may have in the file.</param>
internal sealed class PatchedWeights(
    IReadOnlyDictionary<string, Tensor> weights, LoraFile lora, double strength, ComputeFormat format, Func<string, IEnumerable<string>> keysOf) : IWeightSource
{
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => lora.Path;

    /// <inheritdoc/>
    public IEnumerable<string> Names => weights.Keys;

    /// <inheritdoc/>
    public bool CreatesMissing => false;

    /// <summary>How many weights were changed so far.</summary>
    public int Changed => _changed.Count;

    /// <inheritdoc/>
    public bool GivesOwnership(string name) => _changed.Contains(name);

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => weights.TryGetValue(name, out var tensor) ? tensor.shape : null;

    /// <inheritdoc/>
    public Tensor Load(string name, ReadOnlySpan<long> shape)
    {
        var weight = weights[name];
        using var scope = NewDisposeScope();
        if (ChangeOf(name, shape) is not { } change)
        {
            return weight;
        }

        _changed.Add(name);
        var sum = weight.to(ScalarType.Float32, CPU).contiguous() + (change * strength);
        return format.Weight(sum).DetachFromDisposeScope();
    }

    private Tensor? ChangeOf(string name, ReadOnlySpan<long> shape)
    {
        const string Weight = ".weight";
        const string Bias = ".bias";
        if (name.EndsWith(Weight, StringComparison.Ordinal))
        {
            return lora.Change(keysOf(name[..^Weight.Length]), shape);
        }

        return name.EndsWith(Bias, StringComparison.Ordinal) ? lora.BiasChange(keysOf(name[..^Bias.Length]), shape) : null;
    }
}
