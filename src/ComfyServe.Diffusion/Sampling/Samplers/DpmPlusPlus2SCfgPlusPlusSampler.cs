using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary><c>dpmpp_2s_ancestral_cfg_pp</c>: <c>dpmpp_2s_ancestral</c> on x + (D − U), so that the noise direction is that of the
/// unconditional estimate (CFG++).</summary>
internal sealed class DpmPlusPlus2SCfgPlusPlusSampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(SamplerRun run, Tensor x) => StepLoop.Run(
        run,
        x,
        static step =>
        {
            var (down, up) = Ancestral.Split(step.Sigma, step.Next);
            if (down == 0)
            {
                return step.Denoised;
            }

            var h = Math.Log(step.Sigma / down);
            var middle = Math.Sqrt(step.Sigma * down);
            var shifted = step.X + (step.Denoised - step.Unconditional);
            var halfway = (shifted * (middle / step.Sigma)) - (step.Denoised * ExponentialIntegral.ExpMinusOne(-h / 2));
            var (estimate, unconditional) = step.Run.Model.Denoise(halfway, middle, unconditional: true);

            // ComfyUI takes the newest unconditional estimate here, the one at the middle.
            shifted = step.X + (step.Denoised - unconditional!);
            var next = (shifted * (down / step.Sigma)) - (estimate * ExponentialIntegral.ExpMinusOne(-h));
            return next + (step.Noise() * up);
        },
        unconditional: true);
}
