using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Models;
using ComfyServe.Training.Stages;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Training.Tests.Stages;

/// <summary>Issue 11: the training's smoke test failed now and then, because gradients were wrong on some processors.</summary>
public sealed class AutoencoderGradientTests
{
    private static readonly ComputeFormat Fp64 = new(ScalarType.Float64, ChannelsLast: false, DeviceType.CPU);

    [Theory]
    [InlineData(4, 64)]
    [InlineData(2, 96)]
    public void Backward_EveryWeight_IsAsInFloat64(int batch, int side)
    {
        TorchRuntime.Initialize();
        WorkerThreads.UseOne();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var weights = TrainedWeights.ShapesOf(s => Build(s, ComputeFormat.Fp32))
            .ToDictionary(s => s.Key, s => StarterSizes.Initialise(s.Key, s.Value, generator));
        var images = new PictureSource(5).Draw(0, batch, side);

        var expected = Gradients(weights, images.to(ScalarType.Float64), Fp64);
        var found = Gradients(weights, images, ComputeFormat.Fp32);

        var norm = expected.Values.Max(static g => g.norm().item<double>());
        Assert.All(expected, e => Assert.InRange((found[e.Key].to(ScalarType.Float64) - e.Value).norm().item<double>() / norm, 0, 1e-3));
    }

    private static Dictionary<string, Tensor> Gradients(Dictionary<string, Tensor> weights, Tensor images, ComputeFormat format)
    {
        var leaves = weights.ToDictionary(w => w.Key, w => w.Value.to(format.Dtype, copy: true).requires_grad_(true));
        var model = Build(new TensorWeights(leaves), format);
        PictureLoss.Of(model.DecodeImage(model.EncodeMoments(images).narrow(1, 0, 4)), images).backward();
        return leaves.ToDictionary(l => l.Key, l => l.Value.grad!);
    }

    private static AutoencoderKl Build(IWeightSource source, ComputeFormat format) =>
        new(StarterSizes.Autoencoder, new WeightMap(source, new KernelVerdicts()).Model(StarterCheckpoint.VaePrefix), format);
}
