using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>What a sampler reports once a step. The tensors live until the report returns.</summary>
/// <param name="Index">0-based. Samplers that choose their own steps may report more or fewer than there are sigmas.</param>
/// <param name="X">The noisy latents, [B, C, H, W].</param>
/// <param name="Denoised">The estimate of the clean latents, [B, C, H, W].</param>
public readonly record struct SamplerStep(int Index, Tensor X, Tensor Denoised);
