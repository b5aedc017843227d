using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>The noise that the SDE adds over a step of width h in ln σ: ξ·σ'·√(1 − e^(−2ηh)).</summary>
internal static class SdeNoise
{
    public static Tensor Add(Tensor next, LoopStep step, double h, double eta, double noiseScale)
    {
        if (eta <= 0 || noiseScale <= 0)
        {
            return next;
        }

        var amount = step.Next * Math.Sqrt(-ExponentialIntegral.ExpMinusOne(-2 * h * eta)) * noiseScale;
        return next + (step.Noise() * amount);
    }
}
