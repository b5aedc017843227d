using ComfyServe.Diffusion.Guidance;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>A model with what leads it.</summary>
/// <param name="Model">The network that denoises.</param>
/// <param name="Positive">What to draw.</param>
/// <param name="Negative">What to move away from; null for nothing.</param>
/// <param name="Scale">How strongly; 1 is no guidance.</param>
[NodeType("GUIDER")]
public sealed record Guider(DiffusionModel Model, Conditioning Positive, Conditioning? Negative, double Scale) : ITensorOwner
{
    /// <inheritdoc />
    public IEnumerable<torch.Tensor> Tensors => Positive.Tensors.Concat(Negative?.Tensors ?? []);
}
