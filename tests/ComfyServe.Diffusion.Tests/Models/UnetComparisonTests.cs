using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

[Trait("kind", "comparison")]
public sealed class UnetComparisonTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Files() => GoldenTensors.Files("tiny_unet_*.safetensors");

    [Theory]
    [MemberData(nameof(Files))]
    public void Forward_TinyUnet_EqualsComfyUi(string file)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(file);
        using var unet = Build(golden);
        var label = golden.Names.Contains("in.y") ? golden["in.y"] : null;

        var output = unet.Forward(golden["in.x"], golden["in.timesteps"], golden["in.context"], label);

        TensorAssert.Close(golden["out"], output, Tolerance, file);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Forward_TinyUnet_EveryBlockEqualsComfyUi(string file)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(file);
        var expected = golden.Names.Where(n => n.StartsWith("act.", StringComparison.Ordinal)).ToList();
        Assert.SkipWhen(expected.Count == 0, $"'{file}' holds no activations");
        using var unet = Build(golden);
        var label = golden.Names.Contains("in.y") ? golden["in.y"] : null;
        var seen = new Dictionary<string, double>();

        unet.Forward(golden["in.x"], golden["in.timesteps"], golden["in.context"], label, (name, value) =>
        {
            if (expected.Contains($"act.{name}"))
            {
                seen[$"act.{name}"] = TensorAssert.Error(golden[$"act.{name}"], value);
            }
        });

        Assert.Empty(expected.Except(seen.Keys));
        Assert.DoesNotContain(seen, s => s.Value > Tolerance);
    }

    private static Unet Build(GoldenTensors golden)
    {
        var weights = new WeightMap(new TensorWeights(golden.Weights()));
        var config = UnetConfig.Infer(weights) with
        {
            Heads = golden.Setting("num_heads") ?? 8,
            HeadChannels = golden.Setting("num_head_channels") ?? 0,
        };
        return new Unet(config, weights, ComputeFormat.Fp32);
    }
}
