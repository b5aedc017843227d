using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>What a <see cref="ControlNet"/> adds to a <see cref="Unet"/>, in its format.</summary>
/// <param name="Skips">For each skip connection, in the order of <c>input_blocks</c>: [B, C·m, H/2ⁿ, W/2ⁿ].</param>
/// <param name="Middle">For the middle's result.</param>
public sealed record ControlResiduals(IReadOnlyList<Tensor> Skips, Tensor Middle)
{
    /// <summary>Times a factor.</summary>
    internal ControlResiduals Times(double factor) => new([.. Skips.Select(skip => skip * factor)], Middle * factor);

    /// <summary>The sum with what another network adds.</summary>
    internal ControlResiduals Plus(ControlResiduals other) => new([.. Skips.Zip(other.Skips, static (a, b) => a + b)], Middle + other.Middle);
}
