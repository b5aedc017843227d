namespace ComfyServe.Training.Data;

/// <summary>The inside of a layer: one colour, or two in a pattern.</summary>
/// <param name="First">The main colour.</param>
/// <param name="Second">The pattern's colour.</param>
/// <param name="Texture">The pattern.</param>
/// <param name="Period">Size of one repetition as a share of the picture.</param>
/// <param name="Angle">Direction of the pattern, radians.</param>
public readonly record struct Fill(Rgb First, Rgb Second, Texture Texture, float Period, float Angle)
{
    /// <summary>One colour.</summary>
    public static Fill Plain(Rgb color) => new(color, color, Texture.Plain, 1, 0);

    /// <summary>The colour at a point; <paramref name="pixel"/> is the size of a pixel, over which edges are blended.</summary>
    public Rgb At(float x, float y, float pixel)
    {
        if (Texture == Texture.Plain)
        {
            return First;
        }

        var (sin, cos) = MathF.SinCos(Angle);
        var (u, v) = (((x * cos) + (y * sin)) / Period, ((y * cos) - (x * sin)) / Period);
        var distance = Texture switch
        {
            Texture.Stripes => MathF.Abs(Fold(u)) - 0.25f,
            Texture.Dots => ShapeDistance.Disc(Fold(u), Fold(v), 0.28f),
            _ => Checker(Fold(u), Fold(v)),
        };
        return First.Towards(Second, Math.Clamp(0.5f - (distance * Period / pixel), 0, 1));
    }

    /// <summary>−0.5 to 0.5, repeating.</summary>
    private static float Fold(float value) => value - MathF.Round(value);

    private static float Checker(float u, float v)
    {
        var (a, b) = (MathF.Abs(u) - 0.25f, MathF.Abs(v) - 0.25f);
        return MathF.Sign(a) * MathF.Sign(b) * MathF.Min(MathF.Abs(a), MathF.Abs(b));
    }
}
