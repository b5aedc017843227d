using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling.Schedules;

namespace ComfyServe.Diffusion.Tests.Sampling;

/// <summary>Schedulers that nodes of their own offer, and what is done to their lists.</summary>
public sealed class SigmaListTests
{
    private const double Rounding = 1e-6;

    public SigmaListTests() => TorchRuntime.Initialize();

    [Fact]
    public void Polyexponential_RhoOne_IsExponential() =>
        AssertNear(ExponentialScheduler.Sigmas(7, 0.03, 14.6), PolyexponentialScheduler.Sigmas(7, 0.03, 14.6, rho: 1));

    [Fact]
    public void Polyexponential_RhoTwo_SquaresTheRamp() =>
        AssertNear([16, 2, 1, 0], PolyexponentialScheduler.Sigmas(3, 1, 16, rho: 2));

    [Fact]
    public void Laplace_IsSymmetricInLogarithms_AndEndsAboveZero()
    {
        var sigmas = LaplaceScheduler.Sigmas(5, 0.01, 100, mu: 0, beta: 0.5);

        Assert.Equal(5, sigmas.Length);
        Assert.Equal(1, sigmas[2], Rounding);
        Assert.Equal(1, sigmas[1] * sigmas[3], 1e-4);
        Assert.Equal(Math.Sqrt(2), sigmas[1], 1e-4); // e^(−β·ln ½)
        Assert.True(sigmas[^1] >= 0.01F);
    }

    [Fact]
    public void VariancePreserving_GivesTheClosedForm()
    {
        var sigmas = VariancePreservingScheduler.Sigmas(2, 19.9, 0.1, 0.001);

        Assert.Equal(Math.Sqrt(Math.Exp(10.05) - 1), sigmas[0], 1e-3);
        Assert.Equal(Math.Sqrt(Math.Exp(0.00010995) - 1), sigmas[1], Rounding);
        Assert.Equal(0, sigmas[2]);
    }

    [Theory]
    [InlineData(1, 1.0, new[] { 999 })]
    [InlineData(4, 1.0, new[] { 999, 899, 799, 699 })]
    [InlineData(10, 0.3, new[] { 299, 199, 99 })]
    [InlineData(2, 0.0, new int[0])]
    public void Turbo_VisitsTheDistilledTimesteps(int steps, double denoise, int[] timesteps) =>
        AssertNear(
            [.. timesteps.Select(t => DiscreteSchedule.StableDiffusion.Sigmas[t]), 0],
            TurboScheduler.Sigmas(DiscreteSchedule.StableDiffusion, steps, denoise));

    [Fact]
    public void AlignYourSteps_TenSteps_GivesThePublishedLevels()
    {
        var sigmas = AlignYourStepsScheduler.Sigmas("SD1", 10, 1);

        Assert.Equal(11, sigmas.Length);
        Assert.Equal(6.4745760956, sigmas[1], Rounding);
        Assert.Equal(0, sigmas[^1]);
    }

    [Fact]
    public void AlignYourSteps_OtherCounts_LieBetweenInLogarithms()
    {
        var (ten, twenty) = (AlignYourStepsScheduler.Sigmas("SDXL", 10, 1), AlignYourStepsScheduler.Sigmas("SDXL", 20, 1));

        Assert.Equal(21, twenty.Length);
        Assert.Equal(ten[3], twenty[6], 1e-5);
        Assert.Equal(Math.Sqrt(ten[3] * ten[4]), twenty[7], 1e-5);
        Assert.Equal([.. twenty[^6..]], AlignYourStepsScheduler.Sigmas("SDXL", 20, 0.25));
        Assert.Empty(AlignYourStepsScheduler.Sigmas("SDXL", 20, 0));
    }

    [Fact]
    public void Split_BothPartsHaveTheStepsSigma()
    {
        var (high, low) = SigmaLists.Split([4, 3, 2, 1, 0], 2);

        Assert.Equal([4, 3, 2], high);
        Assert.Equal([2, 1, 0], low);
    }

    [Theory]
    [InlineData(0.5, new[] { 4f, 3, 2 }, new[] { 2f, 1, 0 })]
    [InlineData(1.0, new[] { 4f }, new[] { 4f, 3, 2, 1, 0 })]
    [InlineData(0.0, new float[0], new[] { 0f })]
    public void SplitByShare_CountsFromTheEnd(double share, float[] high, float[] low)
    {
        var parts = SigmaLists.SplitByShare([4, 3, 2, 1, 0], share);

        Assert.Equal(high, parts.High);
        Assert.Equal(low, parts.Low);
    }

    [Fact]
    public void Flip_StartsNearZero() => Assert.Equal([0.0001f, 1, 2], SigmaLists.Flip([2, 1, 0]));

    [Fact]
    public void Extend_DividesOnlyTheStepsOfTheRange() =>
        Assert.Equal([8, 4, 3.5f, 3, 2.5f, 2, 0], SigmaLists.Extend([8, 4, 3, 2, 0], 2, from: 5, to: 3, static share => share));

    private static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5 * Math.Max(1, expected[i]));
        }
    }
}
