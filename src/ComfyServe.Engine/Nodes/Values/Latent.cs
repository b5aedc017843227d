using ComfyServe.Engine.Nodes.Schema;
using TorchSharp;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>Latents, not scaled by the VAE's factor.</summary>
[NodeType("LATENT")]
public sealed record Latent : ITensorOwner
{
    /// <summary>The latents: <c>[N, C, H/8, W/8]</c>.</summary>
    public required torch.Tensor Samples { get; init; }

    /// <summary>Where to add noise: 1 is noise; null is everywhere. <c>[N, 1, H, W]</c> in pixels or latent cells.</summary>
    public torch.Tensor? NoiseMask { get; init; }

    /// <summary>For each latent, which noise of the seed's stream it gets; null is 0, 1, 2…</summary>
    public IReadOnlyList<long>? BatchIndex { get; init; }

    /// <summary><see cref="BatchIndex"/> as samplers take it.</summary>
    internal IReadOnlyList<int>? NoisePlaces => BatchIndex is { } places ? [.. places.Select(static place => checked((int)place))] : null;

    /// <inheritdoc />
    public IEnumerable<torch.Tensor> Tensors => NoiseMask is null ? [Samples] : [Samples, NoiseMask];
}
