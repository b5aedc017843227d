using ComfyServe.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ComfyServe.Engine.Images;

/// <summary>Thin edges: smoothed gradient, local maxima across the edge, and weak edges that touch strong ones.</summary>
/// <remarks>Canny, "A computational approach to edge detection" (1986).</remarks>
internal static class CannyEdges
{
    private const long BlurRadius = 2;
    private const float LeastSquare = 1e-6f;
    private const float Weak = 0.5f;
    private const float Strong = 1;

    /// <summary>Steps to the neighbour at 0°, 45°, … 315° with y pointing down.</summary>
    private static readonly (int X, int Y)[] Directions = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];

    /// <summary>1 on edges and 0 elsewhere, [N, 1, H, W].</summary>
    /// <param name="images">[N, 3, H, W] in 0..1.</param>
    /// <param name="low">Gradient above which a pixel may be an edge.</param>
    /// <param name="high">Gradient above which it is one.</param>
    public static Tensor Find(Tensor images, double low, double high) =>
        LargeTensors.Map(images, images.shape[0] * Directions.Length * images.shape[2] * images.shape[3], part => FindIn(part, low, high));

    private static Tensor FindIn(Tensor images, double low, double high)
    {
        using var scope = NewDisposeScope();
        var grey = (images.narrow(1, 0, 1) * 0.299f) + (images.narrow(1, 1, 1) * 0.587f) + (images.narrow(1, 2, 1) * 0.114f);
        Interruption.Check();
        var (dx, dy) = Gradient(Blur(grey));
        var magnitude = ((dx * dx) + (dy * dy) + LeastSquare).sqrt();
        Interruption.Check();
        magnitude *= IsRidge(magnitude, atan2(dy, dx));

        var edges = ((magnitude > low).to(ScalarType.Float32) * Weak) + ((magnitude > high).to(ScalarType.Float32) * Weak);
        return Connect(edges).MoveToOuterDisposeScope();
    }

    private static Tensor Blur(Tensor grey)
    {
        var line = exp(-arange(-BlurRadius, BlurRadius + 1, ScalarType.Float32).square() / 2);
        line /= line.sum();
        var padded = F.pad(grey.contiguous(), [BlurRadius, BlurRadius, BlurRadius, BlurRadius], PaddingModes.Reflect, 0);
        return F.conv2d(F.conv2d(padded, line.reshape(1, 1, 1, -1)), line.reshape(1, 1, -1, 1));
    }

    /// <summary>Sobel's horizontal and vertical differences.</summary>
    private static (Tensor X, Tensor Y) Gradient(Tensor grey)
    {
        var horizontal = tensor((float[])[-1, 0, 1, -2, 0, 2, -1, 0, 1]).reshape(1, 1, 3, 3);
        var padded = F.pad(grey.contiguous(), [1, 1, 1, 1], PaddingModes.Replicate, 0);
        return (F.conv2d(padded, horizontal), F.conv2d(padded, horizontal.transpose(2, 3).contiguous()));
    }

    /// <summary>1 where the magnitude exceeds both neighbours across the edge.</summary>
    private static Tensor IsRidge(Tensor magnitude, Tensor angle)
    {
        var sector = (angle * (180 / Math.PI) / 45).round().to(ScalarType.Int64).remainder(8);
        var differences = cat([.. Directions.Select(d => magnitude - Shift(magnitude, d.X, d.Y))], 1);   // [N, 8, H, W]
        Interruption.Check();
        var ahead = differences.gather(1, sector);
        var behind = differences.gather(1, (sector + 4).remainder(8));
        return (minimum(ahead, behind) > 0).to(ScalarType.Float32);
    }

    /// <summary>Turns weak pixels that touch a strong one strong until nothing changes, then drops the weak rest.</summary>
    private static Tensor Connect(Tensor edges)
    {
        for (var changed = true; changed;)
        {
            Interruption.Check();
            var touching = MorphologyFilter.Dilate((edges == Strong).to(ScalarType.Float32), 3) > 0;
            var next = where((edges == Weak) & touching, full_like(edges, Strong), edges);
            changed = (next != edges).any().item<bool>();
            edges = next;
        }

        return (edges == Strong).to(ScalarType.Float32);
    }

    /// <summary>The value at (x + dx, y + dy); 0 beyond the edges.</summary>
    private static Tensor Shift(Tensor images, int dx, int dy)
    {
        var padded = F.pad(images.contiguous(), [1, 1, 1, 1], PaddingModes.Constant, 0);
        return padded.narrow(3, 1 + dx, images.shape[3]).narrow(2, 1 + dy, images.shape[2]);
    }
}
