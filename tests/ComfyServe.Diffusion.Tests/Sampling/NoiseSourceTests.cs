using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling.Noise;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Sampling;

public sealed class NoiseSourceTests
{
    private const ulong Seed = 42;

    static NoiseSourceTests() => TorchRuntime.Initialize();

    [Fact]
    public void Initial_BatchPositionsInOrder_EqualsTheWholeBatch()
    {
        using var scope = NewDisposeScope();

        var whole = NoiseSource.Initial(Seed, [2, 4, 8, 8]);
        var listed = NoiseSource.Initial(Seed, [2, 4, 8, 8], [0, 1]);

        Assert.True(whole.eq(listed).all().item<bool>());
    }

    [Fact]
    public void Initial_SamePositionTwice_SharesNoise()
    {
        using var scope = NewDisposeScope();

        var noise = NoiseSource.Initial(Seed, [2, 4, 8, 8], [3, 3]);

        Assert.True(noise[0].eq(noise[1]).all().item<bool>());
        float[] expected = [0.3443632f, -3.101606f, -1.458723f, -1.431826f];
        Assert.All(expected.Zip(noise[1, 0, 0].data<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Theory]
    [InlineData("0,-1")]
    [InlineData("0")]
    public void Initial_PositionsThatDoNotFit_AreRefused(string positions)
    {
        int[] index = [.. positions.Split(',').Select(int.Parse)];

        Assert.Throws<ArgumentException>(() => NoiseSource.Initial(Seed, [2, 4, 8, 8], index));
    }

    [Fact]
    public void Initial_FarBatchPosition_KeepsOnlyTheResult()
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (NoiseSource.Initial(Seed, [1, 4, 8, 8], [50]))
        {
            Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [InlineData(14.6146, 7, 0.591756f, 0.139802f, 0.668026f, 1.825534f)]
    [InlineData(7, 3, 0.116073f, 2.89686f, -1.438828f, -1.557293f)]
    [InlineData(3, 1, -1.654598f, -0.88322f, 1.124887f, -1.198541f)]
    [InlineData(1, 0.3, -0.649069f, 0.967332f, -0.238863f, -0.589671f)]
    public void BrownianNoise_RecordedPath_GivesTheSameIncrements(double sigma, double next, params float[] expected)
    {
        using var scope = NewDisposeScope();
        using var noise = new BrownianNoise(0, [1, 4, 2, 2], 0.3, 14.6146);

        var sample = noise.Sample(sigma, next).data<float>().Take(4);

        Assert.All(expected.Zip(sample), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void BrownianNoise_StepCutInTwo_AddsUpToTheWhole()
    {
        using var scope = NewDisposeScope();
        using var noise = new BrownianNoise(7, [1, 4, 8, 8], 0.03, 14.6);

        var whole = noise.Sample(9, 1) * Math.Sqrt(8);
        var parts = (noise.Sample(9, 4) * Math.Sqrt(5)) + (noise.Sample(4, 1) * Math.Sqrt(3));

        Assert.True((whole - parts).abs().max().item<float>() < 1e-5f);
    }

    [Fact]
    public void SeedSequence_KnownEntropy_GivesNumpysWords()
    {
        Assert.Equal([4025752534, 2687548107, 2326983537], new SeedSequence(0, [], 24).Generate(3));
        Assert.Equal([245430115, 3436620678, 4120055464, 1627243804], new SeedSequence(0, [0, 0], 24).Generate(4));
    }
}
