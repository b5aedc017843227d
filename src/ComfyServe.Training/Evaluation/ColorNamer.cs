using ComfyServe.Training.Data;

namespace ComfyServe.Training.Evaluation;

/// <summary>Names colours: the nearest of the twelve in Oklab (https://bottosson.github.io/posts/oklab/), where distances match what people see.</summary>
internal static class ColorNamer
{
    private static readonly (float L, float A, float B)[] Known = [.. NamedColor.All.Select(c => ToLab(c.Value))];

    /// <summary>The name of a colour.</summary>
    public static NamedColor Name(Rgb color)
    {
        var lab = ToLab(color);
        var best = 0;
        for (var i = 1; i < Known.Length; i++)
        {
            if (Distance(lab, Known[i]) < Distance(lab, Known[best]))
            {
                best = i;
            }
        }

        return NamedColor.All[best];
    }

    /// <summary>How different two colours look: 0 for equal, about 0.1 for orange and yellow, 1 for black and white.</summary>
    public static float Distance(Rgb first, Rgb second) => Distance(ToLab(first), ToLab(second));

    private static float Distance((float L, float A, float B) x, (float L, float A, float B) y) =>
        MathF.Sqrt(((x.L - y.L) * (x.L - y.L)) + ((x.A - y.A) * (x.A - y.A)) + ((x.B - y.B) * (x.B - y.B)));

    private static (float L, float A, float B) ToLab(Rgb color)
    {
        var (r, g, b) = (Linear(color.R), Linear(color.G), Linear(color.B));
        var l = MathF.Cbrt((0.4122214708f * r) + (0.5363325363f * g) + (0.0514459929f * b));
        var m = MathF.Cbrt((0.2119034982f * r) + (0.6806995451f * g) + (0.1073969566f * b));
        var s = MathF.Cbrt((0.0883024619f * r) + (0.2817188376f * g) + (0.6299787005f * b));
        return (
            (0.2104542553f * l) + (0.7936177850f * m) - (0.0040720468f * s),
            (1.9779984951f * l) - (2.4285922050f * m) + (0.4505937099f * s),
            (0.0259040371f * l) + (0.7827717662f * m) - (0.8086757660f * s));
    }

    private static float Linear(float channel)
    {
        var value = Math.Clamp(channel, 0, 1);
        return value <= 0.04045f ? value / 12.92f : MathF.Pow((value + 0.055f) / 1.055f, 2.4f);
    }
}
