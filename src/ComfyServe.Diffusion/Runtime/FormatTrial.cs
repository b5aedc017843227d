using System.Runtime.InteropServices;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>Measures how long number formats take for the layers that models are made of, in a second or less.</summary>
/// <remarks>
/// What a processor says of itself does not tell: on some with AVX512_BF16, bf16 is 2.5 times as fast as fp32, on others
/// 1.6 times as slow (docs/adr/0032-formats-are-measured.md). The network is one level of Stable Diffusion's UNet.
/// </remarks>
/// <param name="kernelsOf">The kernels that a format's network computes with.</param>
/// <param name="time">Where time comes from.</param>
internal sealed class FormatTrial(Func<ComputeFormat, Kernels> kernelsOf, TimeProvider time)
{
    private const int Rounds = 4;
    private const int Side = 16;
    private const double Hopeless = 2; // times as long as the fastest in the first layer

    // A whole UNet in bf16 was measured 2 to 3 % off fp32, with wrong kernels 28 % and more.
    private const double Tolerance = 0.1;

    /// <summary>After this time no further round starts.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(0.6);

    private static readonly UnetConfig Sizes = new() { ChannelMultipliers = [1], ResidualBlocks = [1], InputDepths = [1], OutputDepths = [0, 0] };

    /// <summary>Tries formats; fp32 must be among them.</summary>
    public IReadOnlyList<FormatTiming> Run(IReadOnlyList<ComputeFormat> formats)
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var generator = new Generator(1);

        // 1. The values of all weights are windows of the same noise: drawing them would take longer than the trial.
        var noise = randn(12 * Sizes.ModelChannels * Sizes.ModelChannels * 9, generator: generator);
        var x = randn(2, Sizes.InputChannels, Side, Side, generator: generator); // [2, 4, H, W]
        var context = randn(2, 77, Sizes.ContextWidth, generator: generator); // [2, 77, C]

        // 2. One layer first. A format that is hopeless there, or that the library does not have, is not tried further;
        // fp32 is, because the others' results are compared with its own.
        var glances = formats.ToDictionary(f => f, f => Glance(f, noise));
        var best = glances.Values.Where(static g => g is not null).Min();
        var networks = formats.Where(f => f == ComputeFormat.Fp32 || glances[f] <= best * Hopeless).ToDictionary(f => f, f => Build(f, noise));

        // 3. Formats take turns, so that what else the machine does meets all of them. The first round checks kernels.
        var results = new Dictionary<ComputeFormat, Tensor>();
        var shortest = new Dictionary<ComputeFormat, TimeSpan>();
        var start = time.GetTimestamp();
        for (var round = 0; round < Rounds && (round == 0 || time.GetElapsedTime(start) < Budget); round++)
        {
            foreach (var (format, network) in networks)
            {
                var (took, result) = Timed(() => network.Forward(x, full([x.shape[0]], 500f), context)); // [2, 4, H, W]
                results[format] = result;
                shortest[format] = shortest.TryGetValue(format, out var before) && before < took ? before : took;
            }
        }

        return [.. formats.Where(f => glances[f] is not null).Select(f => new FormatTiming(f, shortest.TryGetValue(f, out var took) ? took : null, IsRight(results, f)))];
    }

    private static bool IsRight(Dictionary<ComputeFormat, Tensor> results, ComputeFormat format) =>
        !results.TryGetValue(format, out var result)
        || ((result - results[ComputeFormat.Fp32]).norm() / results[ComputeFormat.Fp32].norm()).item<float>() <= Tolerance;

    /// <summary>How long one convolution takes; null where the library has none for this format on this device.</summary>
    private TimeSpan? Glance(ComputeFormat format, Tensor noise)
    {
        using var scope = NewDisposeScope();
        var channels = Sizes.ModelChannels;
        var weight = format.Weight(Values(noise, [channels, channels, 3, 3]));
        var x = format.Activation(noise.narrow(0, 0, 2 * channels * Side * Side).view(2, channels, Side, Side)); // [2, C, H, W]
        var bias = format.Weight(noise.narrow(0, 0, channels));
        try
        {
            // The first call prepares and checks the kernel.
            return Enumerable.Range(0, 3).Select(_ => Timed(() => kernelsOf(format).Conv2d(x, weight, bias, [1, 1], [1, 1])).Time).Skip(1).Min();
        }
        catch (Exception e) when (e is ExternalException or NotSupportedException)
        {
            return null;
        }
    }

    private (TimeSpan Time, Tensor Result) Timed(Func<Tensor> compute)
    {
        var start = time.GetTimestamp();
        var result = compute();
        return (time.GetElapsedTime(start), result);
    }

    private Unet Build(ComputeFormat format, Tensor noise)
    {
        var source = new TensorWeights(new Dictionary<string, Tensor>(), (_, shape) => format.Weight(Values(noise, shape)));
        return new Unet(Sizes, new WeightMap(source, kernelsOf(format)), format);
    }

    /// <summary>Noise of such a size that a layer keeps the deviation of what goes in.</summary>
    private static Tensor Values(Tensor noise, long[] shape)
    {
        var count = shape.Aggregate(1L, static (a, b) => a * b);
        return noise.narrow(0, 0, count).view(shape) / Math.Sqrt(Math.Max(1, count / shape[0]));
    }
}
