namespace ComfyServe.Training.Data;

/// <summary>How far a point is from a shape's outline: negative inside. Exact near the outline, which anti-aliasing needs.</summary>
internal static class ShapeDistance
{
    private const float HalfRoot3 = 0.8660254f;
    private const float StarInner = 0.45f;

    /// <summary>Distance of a point to a shape of the given radius around the origin; y points down.</summary>
    public static float Of(ShapeKind shape, float x, float y, float radius) => shape switch
    {
        ShapeKind.Circle => Disc(x, y, radius * 0.95f),
        ShapeKind.Square => Box(x, y, radius * 0.84f, radius * 0.84f),
        ShapeKind.Triangle => Triangle(x, y - (radius * 0.2f), radius * 1.1f),
        ShapeKind.Star => Star(x, y - (radius * 0.06f), radius * 1.12f),
        ShapeKind.Ring => MathF.Abs(MathF.Sqrt((x * x) + (y * y)) - (0.75f * radius)) - (0.25f * radius),
        ShapeKind.Cross => MathF.Min(Box(x, y, radius, radius * 0.34f), Box(x, y, radius * 0.34f, radius)),
        ShapeKind.Heart => Heart(x, y - (radius * 0.12f), radius * 0.84f),
        ShapeKind.Diamond => (MathF.Abs(x) + MathF.Abs(y) - (radius * 1.05f)) * 0.70710677f,
        _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "not a shape"),
    };

    /// <summary>Distance to a disc around the origin.</summary>
    public static float Disc(float x, float y, float radius) => MathF.Sqrt((x * x) + (y * y)) - radius;

    /// <summary>Distance to an upright box around the origin.</summary>
    public static float Box(float x, float y, float halfWidth, float halfHeight) =>
        MathF.Max(MathF.Abs(x) - halfWidth, MathF.Abs(y) - halfHeight);

    /// <summary>Distance to an equilateral triangle that points up, given its circumscribed radius.</summary>
    public static float Triangle(float x, float y, float radius)
    {
        var sides = (HalfRoot3 * MathF.Abs(x)) - (0.5f * y);
        return MathF.Max(sides, y) - (radius * 0.5f);
    }

    private static float Star(float x, float y, float radius)
    {
        // Fold the plane into one half of one of the five points, then take the line between its tip and the notch.
        const float Sector = 2 * MathF.PI / 5;
        var angle = MathF.Atan2(x, -y);
        angle = MathF.Abs(angle - (MathF.Round(angle / Sector) * Sector));
        var length = MathF.Sqrt((x * x) + (y * y));
        var (px, py) = (length * MathF.Cos(angle), length * MathF.Sin(angle));
        var (qx, qy) = (StarInner * MathF.Cos(Sector / 2) * radius, StarInner * MathF.Sin(Sector / 2) * radius);
        var (dx, dy) = (radius - qx, -qy);
        return (((px - qx) * -dy) + ((py - qy) * dx)) / MathF.Sqrt((dx * dx) + (dy * dy));
    }

    private static float Heart(float x, float y, float half)
    {
        x = MathF.Abs(x);
        var point = (x + MathF.Abs(y) - half) * 0.70710677f;
        return MathF.Min(point, Disc(x - (half / 2), y + (half / 2), half * 0.70710677f));
    }
}
