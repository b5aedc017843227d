using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Tests.Guidance;
using ComfyServe.Diffusion.Tests.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Sampling;

// Alone: tests of this class count all living tensors of the process.
[Collection(nameof(LatentSamplingTests))]
[CollectionDefinition(nameof(LatentSamplingTests), DisableParallelization = true)]
public sealed class LatentSamplingTests : IDisposable
{
    private const double Rounding = 1e-4;
    private readonly TinyModel _tiny = new(ComputeFormat.Fp32);

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Run_TwoHalves_GiveTheWhole()
    {
        using var scope = NewDisposeScope();
        var request = Request() with { Steps = 6 };

        var whole = LatentSampling.Run(_tiny.Model, request);
        var half = LatentSampling.Run(_tiny.Model, request with { EndStep = 3 });
        var rest = LatentSampling.Run(_tiny.Model, request with { Latent = half, StartStep = 3, AddsNoise = false });

        TensorAssert.Close(whole, rest, Rounding, "two halves");
    }

    [Fact]
    public void Run_BatchIndex_GivesTheImageThatTheBatchHadThere()
    {
        using var scope = NewDisposeScope();
        var batch = LatentSampling.Run(_tiny.Model, Request() with { Latent = zeros(3, 4, 8, 8) });

        var single = LatentSampling.Run(_tiny.Model, Request() with { BatchIndex = [2] });

        TensorAssert.Close(batch.narrow(0, 2, 1), single, Rounding, "third of the batch");
    }

    [Fact]
    public void Run_Mask_KeepsWhatItProtects()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var latent = randn(1, 4, 8, 8, generator: generator);
        var mask = zeros(1, 1, 64, 64);
        mask.narrow(3, 32, 32).fill_(1);

        var result = LatentSampling.Run(_tiny.Model, Request() with { Latent = latent, Mask = mask });

        TensorAssert.Close(latent.narrow(3, 0, 3), result.narrow(3, 0, 3), Rounding, "the protected half");
        Assert.True(TensorAssert.Error(latent.narrow(3, 5, 3), result.narrow(3, 5, 3)) > 0.1);
    }

    [Theory]
    [InlineData(0.0, 0, null)]
    [InlineData(1.0, 4, null)]
    [InlineData(1.0, 0, 0)]
    public void Run_NoStepToRun_GivesTheLatentsBack(double denoise, int start, int? end)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var latent = randn(1, 4, 8, 8, generator: generator);

        var result = LatentSampling.Run(_tiny.Model, Request() with { Latent = latent, Denoise = denoise, StartStep = start, EndStep = end });

        Assert.Equal(0, TensorAssert.Error(latent, result));
    }

    [Fact]
    public void Run_StopsInAStep_ThrowsAndKeepsNothing()
    {
        using var scope = NewDisposeScope();
        var request = Request();
        var before = Tensor.TotalCount;

        Assert.Throws<OperationCanceledException>(() => LatentSampling.Run(_tiny.Model, request, (step, steps) =>
        {
            Assert.Equal(4, steps);
            if (step.Index == 1)
            {
                throw new OperationCanceledException();
            }
        }));

        Assert.InRange(Tensor.TotalCount, 0, before);
    }

    [Theory]
    [InlineData("euler", 200)]
    [InlineData("dpmpp_2m_sde", 20)]
    [InlineData("lms", 20)]
    [InlineData("uni_pc", 20)]
    [InlineData("euler_cfg_pp", 20)]
    public void Run_ManyRuns_LeakNoTensor(string sampler, int runs)
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var request = Request() with { Sampler = sampler, Steps = 2, Latent = zeros(1, 4, 4, 4), Mask = ones(1, 1, 4, 4) };
        LatentSampling.Run(_tiny.Model, request).Dispose();
        var before = Tensor.TotalCount;

        for (var i = 0; i < runs; i++)
        {
            LatentSampling.Run(_tiny.Model, request with { Seed = (ulong)i }).Dispose();
        }

        // At most: a tensor that an earlier test dropped may be finalised meanwhile.
        Assert.InRange(Tensor.TotalCount, 0, before);
    }

    [Fact]
    public void Run_EmptyLatentsOfOtherChannels_Fit()
    {
        using var scope = NewDisposeScope();

        var result = LatentSampling.Run(_tiny.Model, Request() with { Latent = zeros(1, 16, 8, 8) });

        Assert.Equal([1, 4, 8, 8], result.shape);
    }

    [Fact]
    public void Run_LatentsOfOtherChannels_AreRefused()
    {
        using var scope = NewDisposeScope();

        var error = Assert.Throws<ArgumentException>(() => LatentSampling.Run(_tiny.Model, Request() with { Latent = ones(1, 16, 8, 8) }));

        Assert.Contains("16 channels", error.Message, StringComparison.Ordinal);
    }

    private static SamplingRequest Request() => new()
    {
        Latent = zeros(1, 4, 8, 8),
        Positive = [TinyModel.Entry(1)],
        Negative = [TinyModel.Entry(2)],
        Sampler = "euler",
        Scheduler = "normal",
        Seed = 42,
        Steps = 4,
        Guidance = 2,
    };
}
