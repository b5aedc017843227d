using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Lanczos resizing in 8-bit fixed point, equal to Pillow's bit for bit.</summary>
/// <remarks>
/// Coefficients are rounded to integers of 22 fractional bits; the horizontal pass runs first and its result is
/// rounded to 8 bits; a pass that changes nothing is left out. The window is 3 source pixels, stretched when shrinking.
/// </remarks>
internal static class LanczosResampler
{
    private const double Support = 3;
    private const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Resizes images [N, C, H, W] in 0..1; each is cut to 8 bits first.</summary>
    public static Tensor Resize(Tensor images, int width, int height)
    {
        using var scope = NewDisposeScope();
        var resized = new List<Tensor>();
        foreach (var image in images.unbind(0))
        {
            Interruption.Check();
            var interleaved = image.permute(1, 2, 0);                                   // [H, W, C]
            var (oldHeight, oldWidth, channels) = ((int)interleaved.shape[0], (int)interleaved.shape[1], (int)interleaved.shape[2]);
            var pixels = Resize(PixelTensors.ToBytes(interleaved), oldWidth, oldHeight, channels, width, height);
            resized.Add(PixelTensors.FromBytes(pixels, height, width, channels));
        }

        return cat(resized, 0).permute(0, 3, 1, 2).to(images.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Resizes one interleaved 8-bit image. With four channels the colours are weighted by the fourth.</summary>
    public static byte[] Resize(byte[] pixels, int oldWidth, int oldHeight, int channels, int width, int height)
    {
        if (oldWidth == width && oldHeight == height)
        {
            return pixels;
        }

        if (channels == 4)
        {
            pixels = PremultipliedAlpha.Multiply(pixels);
        }

        if (oldWidth != width)
        {
            pixels = ResizeRows(pixels, oldWidth, oldHeight, channels, width);
        }

        if (oldHeight != height)
        {
            pixels = ResizeColumns(pixels, width * channels, oldHeight, height);
        }

        return channels == 4 ? PremultipliedAlpha.Divide(pixels) : pixels;
    }

    private static byte[] ResizeRows(byte[] pixels, int oldWidth, int height, int channels, int width)
    {
        var windows = Windows(oldWidth, width);
        var output = new byte[width * height * channels];
        Parallel.For(0, height, Interruptible(), y =>
        {
            var row = pixels.AsSpan(y * oldWidth * channels, oldWidth * channels);
            var target = output.AsSpan(y * width * channels, width * channels);
            for (var x = 0; x < width; x++)
            {
                var (first, weights) = windows[x];
                for (var channel = 0; channel < channels; channel++)
                {
                    var sum = 1 << (PrecisionBits - 1);
                    var index = (first * channels) + channel;
                    foreach (var weight in weights)
                    {
                        sum += row[index] * weight;
                        index += channels;
                    }

                    target[(x * channels) + channel] = Clip(sum);
                }
            }
        });
        return output;
    }

    private static byte[] ResizeColumns(byte[] pixels, int stride, int oldHeight, int height)
    {
        var windows = Windows(oldHeight, height);
        var output = new byte[stride * height];
        Parallel.For(0, height, Interruptible(), y =>
        {
            var (first, weights) = windows[y];
            var sums = new int[stride];
            Array.Fill(sums, 1 << (PrecisionBits - 1));
            for (var k = 0; k < weights.Length; k++)
            {
                var row = pixels.AsSpan((first + k) * stride, stride);
                var weight = weights[k];
                for (var x = 0; x < row.Length; x++)
                {
                    sums[x] += row[x] * weight;
                }
            }

            var target = output.AsSpan(y * stride, stride);
            for (var x = 0; x < target.Length; x++)
            {
                target[x] = Clip(sums[x]);
            }
        });
        return output;
    }

    private static ParallelOptions Interruptible() => new() { CancellationToken = Interruption.Token };

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    /// <summary>For each target position the first source position it sees and the fixed-point weights from there.</summary>
    private static (int First, int[] Weights)[] Windows(int oldSize, int size)
    {
        var scale = (double)oldSize / size;
        var stretch = Math.Max(scale, 1);
        var support = Support * stretch;
        var windows = new (int, int[])[size];
        for (var i = 0; i < size; i++)
        {
            var center = (i + 0.5) * scale;
            var first = Math.Max((int)(center - support + 0.5), 0);
            var count = Math.Min((int)(center + support + 0.5), oldSize) - first;
            var exact = new double[count];
            var total = 0.0;
            for (var k = 0; k < count; k++)
            {
                exact[k] = Kernel((k + first - center + 0.5) * (1 / stretch));
                total += exact[k];
            }

            windows[i] = (first, Array.ConvertAll(exact, weight => ToFixedPoint(total == 0 ? weight : weight / total)));
        }

        return windows;
    }

    private static int ToFixedPoint(double weight) => (int)((weight * (1 << PrecisionBits)) + (weight < 0 ? -0.5 : 0.5));

    private static double Kernel(double x) => x is >= -Support and < Support ? Sinc(x) * Sinc(x / Support) : 0;

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
