using ComfyServe.Training.Data;
using static TorchSharp.torch;

namespace ComfyServe.Training.Evaluation;

/// <summary>Says what a picture of shapes on a plain background shows, by counting pixels: no learned judge.</summary>
/// <remarks>
/// 1. The background is the most frequent colour of the rim. 2. What differs from it falls into connected pieces.
/// 3. Each frequent colour of a piece is a shape: the pixels that are nearer to that colour than to the background and to
/// the piece's other colours, so that a soft edge is cut in its middle. 4. The shape's kind is the template that this
/// silhouette overlaps most.
/// </remarks>
public static class PictureAnalysis
{
    private const double RimShare = 0.06;
    private const float Different = 0.075f;
    private const double LeastArea = 0.008;
    private const double LeastColorShare = 0.2;

    /// <summary>Analyses one picture [3, H, W], −1 to 1.</summary>
    public static FoundPicture Analyse(Tensor picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        using var scope = NewDisposeScope();
        var (height, width) = ((int)picture.shape[1], (int)picture.shape[2]);
        var values = picture.to(ScalarType.Float32).permute(1, 2, 0).contiguous().data<float>().ToArray(); // [H·W·3]
        var pixels = new Rgb[width * height];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = new Rgb(ToUnit(values[3 * i]), ToUnit(values[(3 * i) + 1]), ToUnit(values[(3 * i) + 2]));
        }

        var rim = Math.Max(1, (int)(RimShare * width));
        var around = Enumerable.Range(0, pixels.Length).Where(i => IsRim(i % width, i / width)).Select(i => pixels[i]).ToList();
        var background = Dominant(around);
        var level = Mean(around.Where(p => ColorNamer.Name(p) == background));
        var least = LeastArea * pixels.Length;
        var different = Array.ConvertAll(pixels, p => ColorNamer.Distance(p, level) > Different);
        var shapes = Pieces(different, width, height)
            .Where(piece => piece.Count >= least)
            .SelectMany(piece => Split(piece, pixels, level, width, height))
            .Where(part => part.Silhouette.Count >= least)
            .Select(part => Describe(part.Silhouette, part.Color, width, height))
            .OrderByDescending(shape => shape.Area);
        return new FoundPicture(background, [.. shapes]);

        bool IsRim(int x, int y) => x < rim || y < rim || x >= width - rim || y >= height - rim;
    }

    /// <summary>The shapes of a piece: one for each of its frequent colours and connected part.</summary>
    private static IEnumerable<(List<int> Silhouette, NamedColor Color)> Split(List<int> piece, Rgb[] pixels, Rgb background, int width, int height)
    {
        // Pixels at the edge are mixed with the background: where there are inner ones, only those name colours.
        var covered = piece.ToHashSet();
        var inner = piece.Where(i => covered.Contains(i - 1) && covered.Contains(i + 1) && covered.Contains(i - width) && covered.Contains(i + width)).ToList();
        var named = (inner.Count > 0 ? inner : piece).Select(i => pixels[i]).GroupBy(ColorNamer.Name).OrderByDescending(g => g.Count()).ToList();
        var total = named.Sum(g => g.Count());
        var colors = named.Where((g, index) => index == 0 || g.Count() >= LeastColorShare * total).Select(g => (g.Key, Level: Mean(g))).ToList();
        foreach (var (color, level) in colors)
        {
            var nearest = new bool[pixels.Length];
            foreach (var i in piece)
            {
                var distance = ColorNamer.Distance(pixels[i], level);
                nearest[i] = distance < ColorNamer.Distance(pixels[i], background)
                    && colors.TrueForAll(c => c.Key == color || distance < ColorNamer.Distance(pixels[i], c.Level));
            }

            foreach (var part in Pieces(nearest, width, height))
            {
                yield return (part, color);
            }
        }
    }

    private static FoundShape Describe(List<int> silhouette, NamedColor color, int width, int height)
    {
        var covered = silhouette.ToHashSet();
        var (left, right) = (silhouette.Min(i => i % width), silhouette.Max(i => i % width));
        var (top, bottom) = (silhouette.Min(i => i / width), silhouette.Max(i => i / width));
        var (shape, overlap) = ShapeMatcher.Match(right - left + 1, bottom - top + 1, (x, y) => covered.Contains(((top + y) * width) + left + x));
        return new FoundShape(
            shape, overlap, color, (left + right + 1) / 2.0 / width, (top + bottom + 1) / 2.0 / height, (double)silhouette.Count / (width * height));
    }

    /// <summary>Connected pieces of the marked pixels; takes the marks away.</summary>
    private static IEnumerable<List<int>> Pieces(bool[] open, int width, int height)
    {
        for (var start = 0; start < open.Length; start++)
        {
            if (open[start])
            {
                yield return Flood(open, start, width, height);
            }
        }
    }

    private static List<int> Flood(bool[] open, int start, int width, int height)
    {
        var piece = new List<int>();
        var pending = new Stack<int>([start]);
        open[start] = false;
        while (pending.TryPop(out var at))
        {
            piece.Add(at);
            var (x, y) = (at % width, at / width);
            Visit(x > 0, at - 1);
            Visit(x < width - 1, at + 1);
            Visit(y > 0, at - width);
            Visit(y < height - 1, at + width);
        }

        return piece;

        void Visit(bool exists, int next)
        {
            if (exists && open[next])
            {
                open[next] = false;
                pending.Push(next);
            }
        }
    }

    private static float ToUnit(float value) => (Math.Clamp(value, -1, 1) + 1) / 2;

    private static NamedColor Dominant(IEnumerable<Rgb> pixels) => pixels.CountBy(ColorNamer.Name).MaxBy(c => c.Value).Key;

    private static Rgb Mean(IEnumerable<Rgb> pixels)
    {
        var list = pixels.ToList();
        return new Rgb(list.Average(p => p.R), list.Average(p => p.G), list.Average(p => p.B));
    }
}
