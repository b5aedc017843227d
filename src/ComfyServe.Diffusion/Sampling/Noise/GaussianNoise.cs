using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Noise;

/// <summary>Fresh draws from one generator.</summary>
/// <remarks>The generator starts from the run's own seed, so the first draw equals the initial noise: ComfyUI does the same,
/// and pictures would differ otherwise.</remarks>
public sealed class GaussianNoise : INoiseSampler, IDisposable
{
    private readonly Generator _generator;
    private readonly long[] _shape;

    /// <summary>Starts a generator.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="shape">Of the latents.</param>
    public GaussianNoise(ulong seed, ReadOnlySpan<long> shape)
    {
        _generator = NoiseSource.Seeded(seed);
        _shape = shape.ToArray();
    }

    /// <inheritdoc/>
    public Tensor Sample(double sigma, double target) => randn(_shape, float32, generator: _generator);

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();
}
