namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>How <see cref="DpmAdaptiveSampler"/> chooses its steps.</summary>
public sealed record DpmAdaptiveOptions
{
    /// <summary>2 or 3.</summary>
    public int Order { get; init; } = 3;

    /// <summary>Tolerated error relative to the latents.</summary>
    public double RelativeTolerance { get; init; } = 0.05;

    /// <summary>Tolerated error at least.</summary>
    public double AbsoluteTolerance { get; init; } = 0.0078;

    /// <summary>Width of the first step in ln σ.</summary>
    public double FirstStep { get; init; } = 0.05;

    /// <summary>Weight of the current error.</summary>
    public double Proportional { get; init; }

    /// <summary>Weight of the summed error.</summary>
    public double Integral { get; init; } = 1;

    /// <summary>Weight of the error's change.</summary>
    public double Derivative { get; init; }

    /// <summary>A step is accepted when the controller would shrink it by no more than this.</summary>
    public double AcceptSafety { get; init; } = 0.81;

    /// <summary>Share of noise, 0 for none.</summary>
    public double Eta { get; init; }

    /// <summary>Factor on the noise.</summary>
    public double NoiseScale { get; init; } = 1;
}
