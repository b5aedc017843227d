using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>Noise that a SEEDS step accumulates from stage to stage: what was drawn decays, what is new is added.</summary>
/// <param name="run">Where draws come from.</param>
/// <param name="width">η·h, the step in ln σ times the share of noise.</param>
/// <param name="noiseScale">Factor on the noise; 0 for none.</param>
internal sealed class SeedsNoise(SamplerRun run, double width, double noiseScale)
{
    private Tensor? _sum;
    private double _position;

    /// <summary>x plus σ' times the noise up to a share of the step.</summary>
    public Tensor AddTo(Tensor x, double sigma, double next, double position)
    {
        if (width <= 0 || noiseScale <= 0)
        {
            return x;
        }

        var exponent = (_position - position) * width;
        var fresh = run.Noise.Sample(sigma, next) * Math.Sqrt(-ExponentialIntegral.ExpMinusOne(2 * exponent));
        _sum = _sum is null ? fresh : (_sum * Math.Exp(exponent)) + fresh;
        _position = position;
        return x + (_sum * (next * noiseScale));
    }
}
