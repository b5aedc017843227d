using ComfyServe.Engine.Nodes.Schema;
using TorchSharp;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>Masks of one size: <c>[N, H, W]</c>, float32, 1 where masked (to be changed).</summary>
/// <param name="Tensor">The mask values.</param>
[NodeType("MASK")]
public sealed record Mask(torch.Tensor Tensor) : ITensorOwner
{
    /// <summary>Number of masks.</summary>
    public long Count => Tensor.shape[0];

    /// <summary>Height in pixels.</summary>
    public long Height => Tensor.shape[^2];

    /// <summary>Width in pixels.</summary>
    public long Width => Tensor.shape[^1];

    /// <inheritdoc />
    public IEnumerable<torch.Tensor> Tensors => [Tensor];
}
