using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Estimates of the clean latent.</summary>
/// <param name="Guided">With guidance: what samplers follow and previews show.</param>
/// <param name="Unconditional">Without the positive conditioning; null unless it was asked for.</param>
public sealed record Denoised(Tensor Guided, Tensor? Unconditional);
