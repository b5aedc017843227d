using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

[Trait("kind", "comparison")]
public sealed class AutoencoderComparisonTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Outputs()
    {
        var data = new TheoryData<string, string>();
        foreach (var row in GoldenTensors.Files("tiny_vae*.safetensors"))
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
    public void Forward_TinyAutoencoder_EqualsComfyUi(string file, string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(file);
        var weights = new WeightMap(new TensorWeights(golden.Weights()));
        using var model = new AutoencoderKl(AutoencoderKlConfig.Infer(weights), weights, ComputeFormat.Fp32);

        var actual = name switch
        {
            "out.decode" => model.DecodeImage(golden["in.z"]),
            "out.encode" => model.EncodeMoments(golden["in.image"]).narrow(1, 0, model.Config.LatentChannels),
            "out.encoder_raw_moments" => model.EncodeFeatures(golden["in.image"]),
            _ => null,
        };

        Assert.SkipWhen(actual is null, $"'{name}' is not something this autoencoder gives");
        TensorAssert.Close(golden[name], actual!, Tolerance, $"{file} {name}");
    }
}
