namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>A sampler and what a run must know of it.</summary>
/// <param name="Sampler">The sampler.</param>
/// <param name="SkipsPenultimate">True when runs leave out the last sigma before 0: the sampler looks ahead of each step.</param>
/// <param name="UsesBrownianPath">True when noise comes from one Brownian path instead of fresh draws.</param>
/// <param name="RedrawsInpaintNoise">True when what a mask protects is noised with a draw of its own.</param>
public sealed record SamplerEntry(
    ISampler Sampler, bool SkipsPenultimate = false, bool UsesBrownianPath = false, bool RedrawsInpaintNoise = false);
