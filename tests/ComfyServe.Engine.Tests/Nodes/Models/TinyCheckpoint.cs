using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>Writes a checkpoint of Stable Diffusion's build that loads in no time: seeded weights, 3 MB.</summary>
internal static class TinyCheckpoint
{
    private const int Width = 32;

    private static UnetConfig Sizes => new()
    {
        ModelChannels = Width,
        ChannelMultipliers = [1, 2],
        ResidualBlocks = [1, 1],
        InputDepths = [1, 0],
        OutputDepths = [0, 0, 1, 1],
        ContextWidth = Width,
    };

    public static void Write(string path, ulong seed = 1)
    {
        TorchRuntime.Initialize();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var all = new Dictionary<string, Tensor>();

        WeightMap Section(string prefix)
        {
            var weights = new Dictionary<string, Tensor>();
            return new WeightMap(new TensorWeights(weights, (name, shape) => all[prefix + name] = Weight(shape, generator)));
        }

        var clip = new ClipTextConfig { Width = Width, Layers = 2, Heads = 2, FeedForward = 2 * Width };
        var vae = new AutoencoderKlConfig { Channels = Width, ChannelMultipliers = [1, 1, 1, 1], ResidualBlocks = 1 };
        new Unet(Sizes, Section("model.diffusion_model."), ComputeFormat.Fp32).Dispose();
        new ClipTextModel(clip, Section("cond_stage_model.transformer."), ComputeFormat.Fp32).Dispose();
        new AutoencoderKl(vae, Section("first_stage_model."), ComputeFormat.Fp32).Dispose();
        SafetensorsWriter.Write(path, all.ToDictionary(t => t.Key, t => t.Value.to(ScalarType.Float16)));
    }

    /// <summary>Writes a ControlNet for that checkpoint, whose outputs are not zero.</summary>
    public static void WriteControl(string path)
    {
        TorchRuntime.Initialize();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var all = new Dictionary<string, Tensor>();
        new ControlNet(Sizes, new WeightMap(new TensorWeights(all, (_, shape) => Weight(shape, generator))), ComputeFormat.Fp32).Dispose();
        SafetensorsWriter.Write(path, all.ToDictionary(t => $"control_model.{t.Key}", t => t.Value.to(ScalarType.Float16)));
    }

    private static Tensor Weight(long[] shape, Generator generator) => shape.Length == 1
        ? ones(shape)
        : randn(shape, generator: generator) / Math.Sqrt(shape.Skip(1).Aggregate(1L, (product, size) => product * size));
}
