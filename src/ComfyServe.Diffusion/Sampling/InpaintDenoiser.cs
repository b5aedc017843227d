using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Keeps what a mask protects: there the model sees the original at the current noise level, and the estimate is the
/// original. Lugmayr et al. 2022, "RePaint", equation 8.</summary>
/// <param name="inner">The denoiser.</param>
/// <param name="mask">1 where to paint, 0 where to keep; the shape of the latents.</param>
/// <param name="latent">The original.</param>
/// <param name="noise">The noise that the original is seen under.</param>
/// <param name="opening">How the mask changes with the noise level; null: not at all.</param>
internal sealed class InpaintDenoiser(IDenoiser inner, Tensor mask, Tensor latent, Tensor noise, OpeningMask? opening = null) : IDenoiser
{
    /// <inheritdoc/>
    public Denoised Denoise(Tensor x, double sigma, bool unconditional = false)
    {
        using var scope = NewDisposeScope();
        var open = opening?.At(mask, sigma) ?? mask;
        var kept = 1 - open;
        var seen = (x * open) + (((noise * sigma) + latent) * kept);
        var estimate = inner.Denoise(seen, sigma, unconditional);
        var guided = (estimate.Guided * open) + (latent * kept);
        return new Denoised(guided.MoveToOuterDisposeScope(), estimate.Unconditional?.MoveToOuterDisposeScope());
    }
}
