using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>euler</c>, <c>ddim</c>: x' = x + d·(σ' − σ). Karras et al. 2022, algorithm 2 without churn.</summary>
internal sealed class EulerSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(run, x, static step => step.Euler(step.Next));
}
