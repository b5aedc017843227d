using ComfyServe.Engine.Nodes.Schema;
using TorchSharp;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>Images of one size: <c>[N, H, W, C]</c>, float32, 0 to 1, with 3 or 4 channels.</summary>
/// <param name="Tensor">The pixels.</param>
[NodeType("IMAGE")]
public sealed record ImageBatch(torch.Tensor Tensor) : ITensorOwner
{
    /// <summary>Number of images.</summary>
    public long Count => Tensor.shape[0];

    /// <summary>Height in pixels.</summary>
    public long Height => Tensor.shape[1];

    /// <summary>Width in pixels.</summary>
    public long Width => Tensor.shape[2];

    /// <summary>3 (RGB) or 4 (RGBA).</summary>
    public long Channels => Tensor.shape[3];

    /// <inheritdoc />
    public IEnumerable<torch.Tensor> Tensors => [Tensor];
}
