using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Noise;

/// <summary>Gives the noise that a sampler adds on the way.</summary>
public interface INoiseSampler
{
    /// <summary>Noise of mean 0 and variance 1 for the step between two sigmas, in the shape of the latents.</summary>
    Tensor Sample(double sigma, double target);
}
