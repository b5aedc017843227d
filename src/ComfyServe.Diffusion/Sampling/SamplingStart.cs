using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Where a run starts. All tensors are float32 in the model's own scale.</summary>
/// <param name="Noise">Noise of variance 1, [B, C, H, W]; zeros for none.</param>
/// <param name="Latent">The latents that the noise is added to, of the same shape.</param>
/// <param name="Mask">1 where to paint, 0 where to keep, of the same shape; null to paint everywhere.</param>
/// <param name="Seed">Of the noise that samplers add on the way.</param>
/// <param name="DifferentialMask">How strictly the mask opens with the steps, 0 to 1 (<see cref="Guidance.DiffusionModel.DifferentialMask"/>).</param>
public sealed record SamplingStart(Tensor Noise, Tensor Latent, Tensor? Mask, ulong Seed, double DifferentialMask = 0);
