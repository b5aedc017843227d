namespace ComfyServe.Training.Data;

/// <summary>Combinations that training never shows, so that an evaluation can ask for something unseen.</summary>
public static class HeldOut
{
    /// <summary>One in eight combinations of a shape, its colour and the background.</summary>
    public static bool Combination(ShapeKind shape, NamedColor color, NamedColor background)
    {
        ArgumentNullException.ThrowIfNull(color);
        ArgumentNullException.ThrowIfNull(background);
        return ((5 * (int)shape) + (3 * Index(color)) + Index(background)) % 8 == 0;
    }

    /// <summary>One in four pairs of coloured shapes, whichever is named first.</summary>
    public static bool Pair(ShapeKind first, NamedColor firstColor, ShapeKind second, NamedColor secondColor)
    {
        ArgumentNullException.ThrowIfNull(firstColor);
        ArgumentNullException.ThrowIfNull(secondColor);
        return (Rank(first, firstColor) + Rank(second, secondColor)) % 4 == 0;
    }

    private static int Rank(ShapeKind shape, NamedColor color) => ((int)shape * 7) + (Index(color) * 3);

    private static int Index(NamedColor color)
    {
        var index = 0;
        while (NamedColor.All[index] != color)
        {
            index++;
        }

        return index;
    }
}
