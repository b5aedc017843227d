using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>heun</c>: the mean of the slopes at both ends; the last step is Euler's. Karras et al. 2022, algorithm 1.</summary>
internal sealed class HeunSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, static step =>
    {
        var predicted = step.Euler(step.Next);
        if (step.IsLast)
        {
            return predicted;
        }

        var slope = (predicted - step.Denoise(predicted, step.Next)) / step.Next;
        return step.X + ((step.Slope + slope) * ((step.Next - step.Sigma) / 2));
    });
}
