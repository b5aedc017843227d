using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Estimates the clean latent behind a noisy one: a network with its guidance, or a formula.</summary>
public interface IDenoiser
{
    /// <summary>The estimate D(x; σ).</summary>
    /// <param name="x">Noisy latents, float32, [B, C, H, W].</param>
    /// <param name="sigma">The noise level of all of them.</param>
    /// <param name="unconditional">True to also get the estimate without the positive conditioning.</param>
    /// <returns>Tensors of the shape of <paramref name="x"/>, in the caller's dispose scope.</returns>
    Denoised Denoise(Tensor x, double sigma, bool unconditional = false);
}
