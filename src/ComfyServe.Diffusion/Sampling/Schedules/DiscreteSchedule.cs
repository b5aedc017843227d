namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>The noise levels that a model was trained on: one sigma per timestep. Immutable and thread-safe.</summary>
/// <remarks>Karras et al. 2022, "Elucidating the design space of diffusion-based generative models", sigma = √((1−ᾱ)/ᾱ).</remarks>
public sealed class DiscreteSchedule
{
    /// <summary>The sigma that stands for "before the first step".</summary>
    public const double BeforeStart = 999999999.9;

    private const double LinearStart = 0.00085;
    private const double LinearEnd = 0.012;
    private const int TrainedSteps = 1000;

    // What is left of the signal at the last step when the signal-to-noise ratio is made zero: not 0, to divide by it.
    private const double LastSignal = 4.8973451890853435e-08;
    private readonly float[] _sigmas;
    private readonly float[] _logSigmas;
    private readonly int _stride;

    /// <summary>Makes a schedule of sigmas that rise with the timestep.</summary>
    /// <param name="sigmas">One for each timestep that counts.</param>
    /// <param name="stride">How many timesteps one stands for: the last of them. At least 1.</param>
    /// <exception cref="ArgumentException">There are none, or one is not positive.</exception>
    public DiscreteSchedule(IReadOnlyList<double> sigmas, int stride = 1)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1);
        _stride = stride;
        if (sigmas.Count == 0 || sigmas.Any(sigma => !(sigma > 0)))
        {
            throw new ArgumentException("a schedule needs at least one sigma, all above zero", nameof(sigmas));
        }

        _sigmas = [.. sigmas.Select(sigma => (float)sigma)];
        _logSigmas = [.. sigmas.Select(sigma => (float)Math.Log(sigma))];
    }

    /// <summary>Stable Diffusion 1 and 2: betas whose square roots rise linearly from √0.00085 to √0.012 in 1000 steps.</summary>
    public static DiscreteSchedule StableDiffusion { get; } = new([.. SignalLevels().Select(Sigma)]);

    /// <summary>As <see cref="StableDiffusion"/>, rescaled so that the last step is pure noise (Lin et al. 2023, "Common
    /// diffusion noise schedules and sample steps are flawed").</summary>
    public static DiscreteSchedule ZeroTerminalSignal { get; } = new([.. Rescale([.. SignalLevels()]).Select(Sigma)]);

    /// <summary>The sigmas in the order of their timesteps; index = timestep, unless this was made by <see cref="Every"/>.</summary>
    public IReadOnlyList<float> Sigmas => _sigmas;

    /// <summary>The sigma of timestep 0.</summary>
    public float SigmaMin => _sigmas[0];

    /// <summary>The sigma of the last timestep.</summary>
    public float SigmaMax => _sigmas[^1];

    /// <summary>The sigma of a timestep, between table entries linear in its logarithm; out of range clamps.</summary>
    public float SigmaOf(double timestep)
    {
        var t = Math.Clamp(((float)timestep - (_stride - 1)) / _stride, 0, _sigmas.Length - 1);
        var low = (int)MathF.Floor(t);
        var high = (int)MathF.Ceiling(t);
        var w = t - low;
        return MathF.Exp(((1 - w) * _logSigmas[low]) + (w * _logSigmas[high]));
    }

    /// <summary>The timestep whose sigma is nearest in its logarithm. Always whole: the network never sees fractions.</summary>
    public int TimestepOf(double sigma)
    {
        var log = MathF.Log((float)sigma);
        var best = 0;
        var least = float.PositiveInfinity;
        for (var i = 0; i < _logSigmas.Length; i++)
        {
            var distance = MathF.Abs(log - _logSigmas[i]);
            if (distance < least)
            {
                least = distance;
                best = i;
            }
        }

        return (best * _stride) + _stride - 1;
    }

    /// <summary>Only each so many-th timestep, the last among them: those that a network was distilled on.</summary>
    public DiscreteSchedule Every(int stride) =>
        new([.. Enumerable.Range(1, _sigmas.Length / stride).Select(i => (double)_sigmas[(i * stride) - 1])], _stride * stride);

    /// <summary>The sigma after a fraction of the way from pure noise (0) to the image (1).</summary>
    public double PercentToSigma(double percent)
    {
        if (percent <= 0)
        {
            return BeforeStart;
        }

        return percent >= 1 ? 0 : SigmaOf((1 - percent) * ((_sigmas.Length * _stride) - 1));
    }

    private static double Sigma(double signal) => Math.Sqrt((1 - signal) / signal);

    /// <summary>ᾱ of each timestep.</summary>
    private static IEnumerable<double> SignalLevels()
    {
        var (start, end) = (Math.Sqrt(LinearStart), Math.Sqrt(LinearEnd));
        var product = 1.0;
        for (var i = 0; i < TrainedSteps; i++)
        {
            var root = start + ((end - start) * i / (TrainedSteps - 1));
            product *= 1 - (root * root);
            yield return product;
        }
    }

    private static double[] Rescale(double[] signals)
    {
        var (first, last) = (Math.Sqrt(signals[0]), Math.Sqrt(signals[^1]));
        var rescaled = signals.Select(signal =>
        {
            var root = (Math.Sqrt(signal) - last) * (first / (first - last));
            return root * root;
        }).ToArray();
        rescaled[^1] = LastSignal;
        return rescaled;
    }
}
