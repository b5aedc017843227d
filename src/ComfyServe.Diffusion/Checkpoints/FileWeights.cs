using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Weights read from a file when a model asks for them, converted to its format on the way.</summary>
/// <param name="file">The open file; it must stay open until the model is built.</param>
/// <param name="format">Element type, layout and device of the result.</param>
public sealed class FileWeights(SafetensorsFile file, ComputeFormat format) : IWeightSource
{
    /// <inheritdoc/>
    public string Name => file.Path;

    /// <inheritdoc/>
    public IEnumerable<string> Names => file.Entries.Select(e => e.Name);

    /// <inheritdoc/>
    public bool GivesOwnership(string name) => true;

    /// <inheritdoc/>
    public bool CreatesMissing => false;

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => file.TryGet(name, out var entry) ? entry.Shape : null;

    /// <inheritdoc/>
    public Tensor Load(string name, ReadOnlySpan<long> shape)
    {
        using var scope = NewDisposeScope();
        return format.Weight(file.Read(name, format.Dtype)).DetachFromDisposeScope();
    }
}
