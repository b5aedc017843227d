using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Diffusion.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Guidance;

/// <summary>What a model predicts, and the changes of sampling that workflows ask for.</summary>
public sealed class DiffusionModelTests : IDisposable
{
    private const double Rounding = 1e-5;
    private const double Sigma = 2.5;
    private readonly TinyModel _tiny = new(ComputeFormat.Fp32);
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _tiny.Dispose();
    }

    [Theory]
    [InlineData(Prediction.Noise)]
    [InlineData(Prediction.Velocity)]
    [InlineData(Prediction.Clean)]
    [InlineData(Prediction.Consistency)]
    public void Denoise_IsTheFormulaOfThePrediction(Prediction prediction)
    {
        var (x, context) = (Latents(), TinyModel.Entry(1).Context);
        var t = _tiny.Model.Schedule.TimestepOf(Sigma);
        var output = _tiny.Model.Unet.Forward(x / Math.Sqrt((Sigma * Sigma) + 1), full([1], (float)t), context);
        var skip = 0.25 / ((100.0 * t * t) + 0.25);
        var expected = prediction switch
        {
            Prediction.Noise => x - (output * Sigma),
            Prediction.Velocity => (x / 7.25) - (output * (Sigma / Math.Sqrt(7.25))),
            Prediction.Clean => output,
            _ => ((x - (output * Sigma)) * Math.Sqrt(1 - skip)) + (x * skip),
        };

        var actual = (_tiny.Model with { Prediction = prediction }).Denoise(x, Sigma, context);

        TensorAssert.Close(expected, actual, Rounding, $"{prediction}");
    }

    [Fact]
    public void Every_KeepsTheTimestepsOfItsSigmas()
    {
        var all = DiscreteSchedule.StableDiffusion;

        var distilled = all.Every(20);

        Assert.Equal(50, distilled.Sigmas.Count);
        Assert.Equal(all.Sigmas[19], distilled.SigmaMin);
        Assert.Equal(all.SigmaMax, distilled.SigmaMax);
        Assert.Equal((19, 519, 999), (distilled.TimestepOf(0), distilled.TimestepOf(all.Sigmas[520]), distilled.TimestepOf(100)));
        Assert.Equal(all.Sigmas[519], distilled.SigmaOf(519), Rounding);
        Assert.Equal(distilled.SigmaMin, distilled.SigmaOf(3), Rounding);
    }

    [Fact]
    public void GuidanceRescale_One_HasThePositivesDeviation()
    {
        var x = Latents();
        var (positive, negative) = (Alone(x, 1), Alone(x, 2));
        var expected = Velocity(x, negative + ((positive - negative) * 9));
        expected = expected * (Velocity(x, positive).std() / expected.std());

        var actual = Denoise(_tiny.Model with { GuidanceRescale = 1 }, x, 9);

        TensorAssert.Close(expected, Velocity(x, actual), 1e-3, "rescaled velocity");
    }

    [Fact]
    public void GuidanceRescale_Zero_IsPlainGuidance()
    {
        var x = Latents();
        var (positive, negative) = (Alone(x, 1), Alone(x, 2));

        TensorAssert.Close(negative + ((positive - negative) * 9), Denoise(_tiny.Model, x, 9), 1e-4, "guidance");
    }

    [Fact]
    public void OpeningMask_OpensBrightCellsFirst()
    {
        var schedule = DiscreteSchedule.StableDiffusion;
        var sigmas = SamplingSigmas.Compute(Schedulers.Get("normal"), schedule, 10);
        var mask = tensor([0f, 0.25f, 0.5f, 0.75f, 1f]);
        var opening = new OpeningMask(schedule, sigmas, strength: 1);

        Assert.Equal([0, 0, 0, 0, 1], opening.At(mask, sigmas[0]).data<float>().ToArray());
        Assert.Equal([0, 0, 1, 1, 1], opening.At(mask, schedule.SigmaOf(450)).data<float>().ToArray());
        Assert.Equal([1, 1, 1, 1, 1], opening.At(mask, schedule.SigmaMin).data<float>().ToArray());
        Assert.Equal([0, 0.125f, 0.75f, 0.875f, 1], new OpeningMask(schedule, sigmas, 0.5).At(mask, schedule.SigmaOf(450)).data<float>().ToArray());
    }

    private static Tensor Latents() => randn(1, 4, 8, 8, generator: new Generator(9)) * Sigma;

    private static Tensor Velocity(Tensor x, Tensor denoised) => ((x / 7.25) - denoised) * (Math.Sqrt(7.25) / Sigma);

    private Tensor Alone(Tensor x, int seed) => _tiny.Model.Denoise(x, Sigma, TinyModel.Entry(seed).Context);

    private static Tensor Denoise(DiffusionModel model, Tensor x, double scale) =>
        new GuidedDenoiser(model, [TinyModel.Entry(1)], [TinyModel.Entry(2)], scale, 8, 8).Denoise(x, Sigma).Guided;
}
