using ComfyServe.Training.Data;

namespace ComfyServe.Training.Evaluation;

/// <summary>Recognises a silhouette: stretched to a fixed frame, compared with each shape's own silhouette by overlap.</summary>
internal static class ShapeMatcher
{
    private const int Side = 32;
    private static readonly IReadOnlyList<(ShapeKind Shape, bool[] Mask)> Templates = [.. Enum.GetValues<ShapeKind>().Select(s => (s, Template(s)))];

    /// <summary>The shape that overlaps most, and how well: intersection over union, 0 to 1.</summary>
    /// <param name="width">Width of the silhouette's frame in pixels.</param>
    /// <param name="height">Its height.</param>
    /// <param name="contains">Whether the silhouette covers a pixel of the frame.</param>
    public static (ShapeKind Shape, double Overlap) Match(int width, int height, Func<int, int, bool> contains)
    {
        var mask = Sample((x, y) => contains(Math.Min((int)(x * width), width - 1), Math.Min((int)(y * height), height - 1)));
        return Templates.Select(t => (t.Shape, Overlap(mask, t.Mask))).MaxBy(t => t.Item2);
    }

    private static bool[] Template(ShapeKind shape)
    {
        // Find the outline's frame, then stretch it.
        const int Fine = 256;
        var inside = new List<(float X, float Y)>();
        for (var i = 0; i < Fine * Fine; i++)
        {
            var (x, y) = (((i % Fine) + 0.5f) / Fine, ((i / Fine) + 0.5f) / Fine);
            if (Covers(x, y))
            {
                inside.Add((x, y));
            }
        }

        var (left, right) = (inside.Min(p => p.X), inside.Max(p => p.X));
        var (top, bottom) = (inside.Min(p => p.Y), inside.Max(p => p.Y));
        return Sample((x, y) => Covers(left + (x * (right - left)), top + (y * (bottom - top))));

        bool Covers(float x, float y) => ShapeDistance.Of(shape, x - 0.5f, y - 0.5f, 0.35f) < 0;
    }

    private static bool[] Sample(Func<float, float, bool> covers)
    {
        var mask = new bool[Side * Side];
        for (var i = 0; i < mask.Length; i++)
        {
            mask[i] = covers(((i % Side) + 0.5f) / Side, ((i / Side) + 0.5f) / Side);
        }

        return mask;
    }

    private static double Overlap(bool[] first, bool[] second)
    {
        var (both, either) = (0, 0);
        for (var i = 0; i < first.Length; i++)
        {
            both += first[i] && second[i] ? 1 : 0;
            either += first[i] || second[i] ? 1 : 0;
        }

        return either == 0 ? 0 : (double)both / either;
    }
}
