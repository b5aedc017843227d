using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The loop that most samplers share: evaluate at the current sigma, report, advance.</summary>
internal static class StepLoop
{
    /// <summary>Runs <paramref name="advance"/> from each sigma to the next, each in a dispose scope of its own.</summary>
    /// <param name="run">The run.</param>
    /// <param name="x">Latents at the first sigma.</param>
    /// <param name="advance">Gives the latents at the next sigma; what it must remember goes to the step's memory.</param>
    /// <param name="unconditional">True to evaluate the unconditional estimate too.</param>
    /// <param name="reportsStart">True to report the latents of the start with each step, as some of ComfyUI's samplers do.</param>
    public static Tensor Run(
        SamplerRun run, Tensor x, Func<LoopStep, Tensor> advance, bool unconditional = false, bool reportsStart = false)
    {
        using var memory = new StepMemory();
        var start = x;
        for (var i = 0; i < run.Steps; i++)
        {
            using var scope = NewDisposeScope();
            var denoised = run.Model.Denoise(x, run.Sigmas[i], unconditional);
            run.OnStep?.Invoke(new SamplerStep(i, reportsStart ? start : x, denoised.Guided));
            x = memory.Keep(x, advance(new LoopStep(run, memory, i, x, denoised)));
        }

        return StepMemory.Release(x);
    }
}
