using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Bench.Diffusion;

/// <summary>The best rate at which libtorch multiplies matrices in a format: what networks are compared with.</summary>
internal static class GemmPeak
{
    private const int Repeats = 4;

    /// <summary>Rows, inputs and outputs of linear layers as large networks have them.</summary>
    private static readonly (long Rows, long Inputs, long Outputs)[] Shapes = [(8192, 320, 2560), (2048, 640, 5120), (4096, 1280, 1280), (2048, 2048, 2048)];

    /// <summary>The best timing of any of the shapes, per 10⁹ floating point operations.</summary>
    public static Timing Measure(ComputeFormat format, int runs)
    {
        var (wall, processor) = (double.MaxValue, double.MaxValue);
        foreach (var (rows, inputs, outputs) in Shapes)
        {
            using var scope = NewDisposeScope();
            var x = format.Activation(randn(rows, inputs));
            var weight = format.Weight(randn(outputs, inputs));
            var timing = Timing.Best(runs, () =>
            {
                for (var i = 0; i < Repeats; i++)
                {
                    linear(x, weight, null!).Dispose();
                }
            });
            var work = 2e-9 * rows * inputs * outputs * Repeats;
            (wall, processor) = (Math.Min(wall, timing.Wall / work), Math.Min(processor, timing.Processor / work));
        }

        return new Timing(wall, processor);
    }
}
