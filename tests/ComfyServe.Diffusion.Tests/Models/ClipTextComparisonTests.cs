using System.Globalization;
using System.Text.Json;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

[Trait("kind", "comparison")]
public sealed class ClipTextComparisonTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Outputs()
    {
        var data = new TheoryData<string, string>();
        foreach (var row in GoldenTensors.Files("tiny_clip_*.safetensors"))
        {
            using var golden = new GoldenTensors(row.Data);
            foreach (var name in golden.Names.Where(n => n.StartsWith("out.", StringComparison.Ordinal)))
            {
                data.Add(row.Data, name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Outputs))]
    public void Forward_TinyClip_EqualsComfyUi(string file, string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(file);
        using var model = Build(golden);
        var layer = name.StartsWith("out.layer-", StringComparison.Ordinal)
            ? int.Parse(name["out.layer".Length..].Split('(')[0], CultureInfo.InvariantCulture)
            : -1;

        var output = model.Forward(golden["in.ids"], layer);

        var actual = name switch
        {
            "out.pooled" => output.Pooled,
            "out.pooled_projected" => output.Projected,
            "out.last" => output.Hidden,
            _ when name.EndsWith("(final_layer_norm_intermediate=True)", StringComparison.Ordinal) => output.Hidden,
            _ => null,
        };
        Assert.SkipWhen(actual is null, $"'{name}' is not something this encoder gives");
        TensorAssert.Close(golden[name], actual!, Tolerance, $"{file} {name}");
    }

    private static ClipTextModel Build(GoldenTensors golden)
    {
        var weights = new WeightMap(new TensorWeights(golden.Weights()));
        using var config = JsonDocument.Parse(golden.Config);
        var inferred = ClipTextConfig.Infer(weights);
        return new ClipTextModel(
            inferred with
            {
                Heads = config.RootElement.GetProperty("num_attention_heads").GetInt32(),
                QuickGelu = config.RootElement.GetProperty("hidden_act").GetString() == "quick_gelu",
                EndToken = config.RootElement.GetProperty("eos_token_id").GetInt64(),
            },
            weights,
            ComputeFormat.Fp32);
    }
}
