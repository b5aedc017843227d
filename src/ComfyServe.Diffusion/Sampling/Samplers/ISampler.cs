using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>A way to get from noise to an image: solves the probability flow ODE or the matching SDE.</summary>
/// <remarks>Without state: one instance may run many times, on several threads.</remarks>
public interface ISampler
{
    /// <summary>Runs through all sigmas.</summary>
    /// <param name="run">The denoiser, the sigmas, the noise and whom to report to.</param>
    /// <param name="x">Latents at the first sigma, [B, C, H, W]; not changed and not disposed.</param>
    /// <returns>New latents at the last sigma, in the caller's dispose scope.</returns>
    Tensor Sample(SamplerRun run, Tensor x);
}
