using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Where a <see cref="WeightMap"/> takes tensors from.</summary>
public interface IWeightSource
{
    /// <summary>What the source is called in messages, such as the checkpoint's path.</summary>
    string Name { get; }

    /// <summary>All names, in any order.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>Whether <see cref="Load"/> made a new tensor for that name, which the model must dispose of.</summary>
    bool GivesOwnership(string name);

    /// <summary>Whether <see cref="Load"/> makes a tensor of a name that is missing instead of failing.</summary>
    bool CreatesMissing { get; }

    /// <summary>The shape of a tensor, or null where the source has none of that name.</summary>
    IReadOnlyList<long>? ShapeOf(string name);

    /// <summary>Gives a tensor in the format that the model computes in. Called once for each name that a model uses.</summary>
    /// <param name="name">The full name.</param>
    /// <param name="shape">The shape that the model needs; a source that has the tensor returns it in this shape.</param>
    Tensor Load(string name, ReadOnlySpan<long> shape);
}
