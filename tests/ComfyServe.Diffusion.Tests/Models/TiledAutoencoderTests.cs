using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Tests.Models;

public sealed class TiledAutoencoderTests
{
    private const double Rounding = 1e-5;

    public TiledAutoencoderTests() => TorchRuntime.Initialize();

    /// <summary>Where each cell's result depends on that cell alone, tiles change nothing, whatever their sides.</summary>
    [Theory]
    [InlineData(8, 8, 8, 2)]
    [InlineData(33, 17, 8, 2)]
    [InlineData(20, 41, 6, 0)]
    [InlineData(9, 30, 16, 3)]
    public void Average_LocalFunction_GivesTheWhole(int height, int width, int tile, int overlap)
    {
        using var scope = NewDisposeScope();
        var input = rand(2, 3, height, width, generator: new Generator(1));
        var (done, all) = (0, 0);

        var actual = TiledAutoencoder.Average(
            Larger, input, [(tile * 2, tile / 2), (tile / 2, tile * 2), (tile, tile)], overlap, static side => side * 4, (d, a) => (done, all) = (d, a));

        TensorAssert.Close(Larger(input), actual, Rounding, "tiles");
        Assert.Equal(all, done);
        Assert.True(done >= 6);
    }

    [Fact]
    public void Decode_OneTile_IsThePlainImage()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors("tiny_vae.safetensors");
        var weights = new WeightMap(new TensorWeights(golden.Weights()));
        using var network = new AutoencoderKl(AutoencoderKlConfig.Infer(weights), weights, ComputeFormat.Fp32);
        var latents = golden["in.z"];
        var pixels = rand(1, 37, 50, 3, generator: new Generator(2));

        TensorAssert.Close(network.Decode(latents), TiledAutoencoder.Decode(network, latents, tile: 256, overlap: 8), Rounding, "decode");
        TensorAssert.Close(network.Encode(pixels), TiledAutoencoder.Encode(network, pixels, tile: 512, overlap: 64), Rounding, "encode");
    }

    [Fact]
    public void Average_OverlapOfHalfATile_IsRefused() => Assert.Throws<ArgumentException>(
        () => TiledAutoencoder.Average(Larger, zeros(1, 1, 20, 20), [(8, 8), (4, 16)], overlap: 4, static side => side * 4, null));

    private static Tensor Larger(Tensor x) => interpolate(x, [x.shape[2] * 4, x.shape[3] * 4], mode: InterpolationMode.Nearest);
}
