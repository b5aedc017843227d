using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Guidance;

/// <summary>A network of Stable Diffusion's build, small enough for quick tests, with seeded weights.</summary>
internal sealed class TinyModel : IDisposable
{
    public const long ContextWidth = 32;
    private readonly Dictionary<string, Tensor> _weights = [];
    private readonly Unet _unet;

    public TinyModel(ComputeFormat format)
    {
        TorchRuntime.Initialize();
        using var generator = new Generator(7);
        var source = new TensorWeights(_weights, (_, shape) => format.Weight(Weight(shape, generator)).DetachFromDisposeScope());
        var config = new UnetConfig
        {
            ModelChannels = 32,
            ChannelMultipliers = [1, 2],
            ResidualBlocks = [1, 1],
            InputDepths = [1, 0],
            OutputDepths = [0, 0, 1, 1],
            ContextWidth = ContextWidth,
            Heads = 4,
        };
        _unet = new Unet(config, new WeightMap(source), format);
        Model = new DiffusionModel(_unet, DiscreteSchedule.StableDiffusion);
    }

    public DiffusionModel Model { get; }

    public static ConditioningEntry Entry(int seed, long tokens = 7)
    {
        using var generator = new Generator((ulong)seed);
        return new ConditioningEntry { Context = randn(1, tokens, ContextWidth, generator: generator) };
    }

    public void Dispose()
    {
        _unet.Dispose();
        foreach (var tensor in _weights.Values)
        {
            tensor.Dispose();
        }
    }

    private static Tensor Weight(long[] shape, Generator generator)
    {
        using var scope = NewDisposeScope();
        var weight = shape.Length == 1
            ? ones(shape)
            : randn(shape, generator: generator) / Math.Sqrt(shape.Skip(1).Aggregate(1L, (product, size) => product * size));
        return weight.MoveToOuterDisposeScope();
    }
}
