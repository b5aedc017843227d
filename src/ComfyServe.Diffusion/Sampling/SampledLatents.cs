using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>What a run over given sigmas ends with. Tensors are in the autoencoder's scale, fp32 [B, C, H, W].</summary>
/// <param name="Samples">The latents at the last sigma.</param>
/// <param name="Estimate">The last estimate of the clean latents; null where no step was taken.</param>
public sealed record SampledLatents(Tensor Samples, Tensor? Estimate);
