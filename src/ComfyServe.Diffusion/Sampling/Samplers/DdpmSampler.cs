using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>ddpm</c>: the ancestral posterior of the variance preserving process. Ho, Jain, Abbeel 2020, "Denoising
/// diffusion probabilistic models", algorithm 2.</summary>
internal sealed class DdpmSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, static step =>
    {
        var signal = 1 / ((step.Sigma * step.Sigma) + 1); // ᾱ
        var signalNext = 1 / ((step.Next * step.Next) + 1);
        var alpha = signal / signalNext;
        var preserved = step.X / Math.Sqrt(1 + (step.Sigma * step.Sigma));
        var mean = (preserved - (step.Slope * ((1 - alpha) / Math.Sqrt(1 - signal)))) / Math.Sqrt(alpha);
        if (step.IsLast)
        {
            return mean;
        }

        var deviation = Math.Sqrt((1 - alpha) * (1 - signalNext) / (1 - signal));
        return (mean + (step.Noise() * deviation)) * Math.Sqrt(1 + (step.Next * step.Next));
    });
}
