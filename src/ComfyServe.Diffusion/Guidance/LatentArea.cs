namespace ComfyServe.Diffusion.Guidance;

/// <summary>A rectangle of latent cells.</summary>
/// <param name="Rows">Height.</param>
/// <param name="Columns">Width.</param>
/// <param name="Top">First row.</param>
/// <param name="Left">First column.</param>
public readonly record struct LatentArea(long Rows, long Columns, long Top, long Left)
{
    /// <summary>Number of cells.</summary>
    public long Size => Rows * Columns;

    /// <summary>True when the whole of another area lies inside.</summary>
    public bool Contains(LatentArea other) =>
        other.Top >= Top && other.Left >= Left && other.Top + other.Rows <= Top + Rows && other.Left + other.Columns <= Left + Columns;

    /// <summary>The part that lies within latents of that size.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public LatentArea Within(long rows, long columns)
    {
        var clipped = this with { Rows = Math.Min(rows - Top, Rows), Columns = Math.Min(columns - Left, Columns) };
        return clipped is { Rows: > 0, Columns: > 0 }
            ? clipped
            : throw new ArgumentException(
                $"the conditioning area of {Columns * 8}×{Rows * 8} pixels at x {Left * 8}, y {Top * 8} lies outside of the image of {columns * 8}×{rows * 8}; move it inside",
                nameof(rows));
    }
}
