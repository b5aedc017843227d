namespace ComfyServe.Diffusion.Guidance;

/// <summary>Where a conditioning applies: in latent cells, or as fractions of the image.</summary>
/// <param name="Height">Height.</param>
/// <param name="Width">Width.</param>
/// <param name="Y">Top.</param>
/// <param name="X">Left.</param>
/// <param name="IsFraction">True when the numbers are fractions of the image, 0 to 1; false for latent cells.</param>
public sealed record ConditioningArea(double Height, double Width, double Y, double X, bool IsFraction)
{
    /// <summary>The area in latents of that size.</summary>
    internal LatentArea Resolve(long rows, long columns) => IsFraction
        ? new LatentArea(Math.Max(1, Round(Height * rows)), Math.Max(1, Round(Width * columns)), Round(Y * rows), Round(X * columns))
        : new LatentArea((long)Height, (long)Width, (long)Y, (long)X);

    private static long Round(double value) => (long)Math.Round(value, MidpointRounding.ToEven);
}
