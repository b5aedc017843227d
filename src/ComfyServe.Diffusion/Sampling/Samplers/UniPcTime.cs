namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>A point of the variance preserving process: x = α·data + s·noise, λ = ln(α/s), α² + s² = 1.</summary>
/// <remarks>In single precision and by way of ln α, as in ComfyUI: at the last sigmas s² is the difference of 1 and a number
/// that nearly equals it, and the lost digits show in the picture.</remarks>
internal sealed record UniPcTime
{
    public UniPcTime(float sigma)
    {
        var logAlpha = 0.5f * MathF.Log(1 / ((sigma * sigma) + 1));
        var variance = 1 - MathF.Exp(2 * logAlpha);
        Sigma = sigma;
        Alpha = MathF.Exp(logAlpha);
        Deviation = MathF.Sqrt(variance);
        Lambda = logAlpha - (0.5f * MathF.Log(variance));
    }

    /// <summary>σ = s/α.</summary>
    public double Sigma { get; }

    /// <summary>α.</summary>
    public double Alpha { get; }

    /// <summary>s.</summary>
    public double Deviation { get; }

    /// <summary>λ.</summary>
    public double Lambda { get; }
}
