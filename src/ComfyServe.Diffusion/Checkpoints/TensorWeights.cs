using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Weights that are in memory already, used as they are: for training (parameters that require gradients) and tests.</summary>
/// <param name="tensors">Full name to tensor. They stay the caller's: a model built from them does not dispose of them.</param>
/// <param name="create">Called for a name that is missing, with the shape that the model needs; its tensor is added. Null: a missing name is an error.</param>
/// <remarks>
/// To start from nothing, build a model from its config with an empty dictionary and a <paramref name="create"/> that
/// makes initialised parameters: afterwards the dictionary holds all of them under their checkpoint names.
/// </remarks>
public sealed class TensorWeights(IDictionary<string, Tensor> tensors, Func<string, long[], Tensor>? create = null) : IWeightSource
{
    /// <inheritdoc/>
    public string Name => "the given tensors";

    /// <inheritdoc/>
    public IEnumerable<string> Names => tensors.Keys;

    /// <inheritdoc/>
    public bool GivesOwnership(string name) => false;

    /// <inheritdoc/>
    public bool CreatesMissing => create is not null;

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => tensors.TryGetValue(name, out var tensor) ? tensor.shape : null;

    /// <inheritdoc/>
    public Tensor Load(string name, ReadOnlySpan<long> shape)
    {
        if (!tensors.TryGetValue(name, out var tensor))
        {
            tensor = create?.Invoke(name, shape.ToArray()) ?? throw new CheckpointException($"there is no tensor '{name}'");
            tensors.Add(name, tensor);
        }

        return tensor;
    }
}
