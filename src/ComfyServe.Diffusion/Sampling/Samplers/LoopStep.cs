using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>One step of <see cref="StepLoop"/>, with the usual names: σ, σ', x, D, d.</summary>
/// <param name="Run">The run.</param>
/// <param name="Memory">What outlives the step.</param>
/// <param name="Index">0-based.</param>
/// <param name="X">The latents at σ.</param>
/// <param name="Estimate">The model's answer at σ.</param>
internal sealed record LoopStep(SamplerRun Run, StepMemory Memory, int Index, Tensor X, Denoised Estimate)
{
    /// <summary>σ, where the step starts.</summary>
    public double Sigma => Run.Sigmas[Index];

    /// <summary>σ', where it ends.</summary>
    public double Next => Run.Sigmas[Index + 1];

    /// <summary>True when the step ends at the clean image.</summary>
    public bool IsLast => Next == 0;

    /// <summary>D, the guided estimate.</summary>
    public Tensor Denoised => Estimate.Guided;

    /// <summary>U, the unconditional estimate.</summary>
    public Tensor Unconditional => Estimate.Unconditional ?? throw new InvalidOperationException("the unconditional estimate was not asked for");

    /// <summary>d = (x − D) ÷ σ, the slope of the ODE.</summary>
    public Tensor Slope => (X - Denoised) / Sigma;

    /// <summary>Euler's step along the slope to another sigma.</summary>
    public Tensor Euler(double target) => X + (Slope * (target - Sigma));

    /// <summary>The guided estimate elsewhere.</summary>
    public Tensor Denoise(Tensor x, double sigma) => Run.Denoise(x, sigma);

    /// <summary>ξ between σ and σ'.</summary>
    public Tensor Noise() => Run.Noise.Sample(Sigma, Next);
}
