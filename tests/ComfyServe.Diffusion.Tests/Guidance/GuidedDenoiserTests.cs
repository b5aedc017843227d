using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Guidance;

public sealed class GuidedDenoiserTests : IDisposable
{
    private const double Sigma = 2;
    private const double Rounding = 1e-5;
    private readonly TinyModel _tiny = new(ComputeFormat.Fp32);

    private DiffusionModel Model => _tiny.Model;

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Denoise_Guidance_IsUPlusScaleTimesTheDifference()
    {
        using var scope = NewDisposeScope();
        var (x, cat, dog) = (Noise(2, 8, 6), TinyModel.Entry(1), TinyModel.Entry(2));

        var denoised = Denoise(x, [cat], [dog], scale: 3);

        var (c, u) = (Alone(x, cat), Alone(x, dog));
        TensorAssert.Close(u + ((c - u) * 3), denoised, Rounding, "guided");
    }

    [Fact]
    public void Denoise_ScaleOfOne_DoesNotEvaluateTheNegative()
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 8, 8);
        var impossible = new ConditioningEntry { Context = zeros(1, 3, 5) };

        var denoised = Denoise(x, [TinyModel.Entry(1)], [impossible], scale: 1);

        TensorAssert.Close(Alone(x, TinyModel.Entry(1)), denoised, Rounding, "unguided");
    }

    [Fact]
    public void Denoise_ScaleOfOneWhenUnconditionalIsWanted_GivesIt()
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 8, 8);
        var (cat, dog) = (TinyModel.Entry(1), TinyModel.Entry(2));

        var denoised = new GuidedDenoiser(Model, [cat], [dog], 1, 8, 8).Denoise(x, Sigma, unconditional: true);

        TensorAssert.Close(Alone(x, dog), denoised.Unconditional!, Rounding, "unconditional");
    }

    [Theory]
    [InlineData(7, 14)]
    [InlineData(6, 9)]
    [InlineData(7, 36)]
    public void Denoise_TextsOfDifferentLength_AreEachAsAlone(long one, long two)
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 8, 8);
        var (cat, dog) = (TinyModel.Entry(1, one), TinyModel.Entry(2, two));

        var denoised = Denoise(x, [cat], [dog], scale: 2);

        // Repeating all tokens of a text does not change what attention gives.
        var (c, u) = (Alone(x, cat), Alone(x, dog));
        TensorAssert.Close(u + ((c - u) * 2), denoised, Rounding, "guided");
    }

    [Fact]
    public void Denoise_TwoEntries_AreAveragedByStrength()
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 8, 8);
        var (cat, dog) = (TinyModel.Entry(1), TinyModel.Entry(2));

        var denoised = Denoise(x, [cat with { Strength = 3 }, dog], [dog], scale: 1);

        TensorAssert.Close(((Alone(x, cat) * 3) + Alone(x, dog)) / 4, denoised, Rounding, "average");
    }

    [Fact]
    public void Denoise_Area_SeesOnlyItsCropAndFadesAtInnerEdges()
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 16, 16);
        var (cat, dog) = (TinyModel.Entry(1), TinyModel.Entry(2));
        var area = new ConditioningArea(8, 8, 4, 0, IsFraction: false);

        var denoised = Denoise(x, [cat with { Area = area, Strength = 2 }, dog], [dog], scale: 1);

        // Spec I.3, vector 52: [1, 2, 2, 2, 2, 2, 2, 1] down, [2, 2, 2, 2, 2, 2, 2, 1] across.
        var crop = Alone(x.narrow(2, 4, 8).narrow(3, 0, 8), cat);
        var down = tensor(new[] { 0.5f, 1, 1, 1, 1, 1, 1, 0.5f }).view(1, 1, 8, 1);
        var across = tensor(new[] { 1f, 1, 1, 1, 1, 1, 1, 0.5f }).view(1, 1, 1, 8);
        var weights = zeros(1, 1, 16, 16);
        weights.narrow(2, 4, 8).narrow(3, 0, 8).copy_(down * across * 2);
        var placed = zeros_like(x);
        placed.narrow(2, 4, 8).narrow(3, 0, 8).copy_(crop);
        TensorAssert.Close(((placed * weights) + Alone(x, dog)) / (weights + 1), denoised, Rounding, "area");
    }

    [Fact]
    public void Denoise_AreaInThePositive_IsComparedWithTheNegativeOfTheSameArea()
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 16, 16);
        var (cat, dog) = (TinyModel.Entry(1), TinyModel.Entry(2));
        var area = new ConditioningArea(8, 16, 0, 0, IsFraction: false);

        var denoised = Denoise(x, [cat with { Area = area }], [dog], scale: 2);

        // Where no positive entry decides, the estimate is 0; the negative has its own entry and one of the area.
        var c = Alone(x.narrow(2, 0, 8), cat).narrow(2, 0, 1);
        var u = (Alone(x.narrow(2, 0, 8), dog).narrow(2, 0, 1) + Alone(x, dog).narrow(2, 0, 1)) / 2;
        TensorAssert.Close(u + ((c - u) * 2), denoised.narrow(2, 0, 1), Rounding, "first row");
    }

    [Fact]
    public void Denoise_AreaInPercent_IsRounded()
    {
        var area = new ConditioningArea(0.5, 0.25, 0.5, 0, IsFraction: true);

        Assert.Equal(new LatentArea(8, 4, 8, 0), area.Resolve(16, 16));
    }

    [Fact]
    public void Denoise_MaskBounds_SeeOnlyTheBox()
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 16, 16);
        var mask = zeros(1, 16, 16);
        mask.narrow(1, 4, 2).narrow(2, 8, 6).fill_(1);
        var (cat, dog) = (TinyModel.Entry(1), TinyModel.Entry(2));

        var denoised = Denoise(x, [cat with { Mask = mask, IsAreaOfMask = true, MaskStrength = 0.5 }, dog], [dog], scale: 1);

        // Spec I.3, vector 54: rows 4–5, columns 8–13 → area (8, 8, 4, 8).
        var crop = Alone(x.narrow(2, 4, 8).narrow(3, 8, 8), cat);
        var expected = ((crop * 0.5) + Alone(x, dog).narrow(2, 4, 8).narrow(3, 8, 8)) / 1.5;
        TensorAssert.Close(expected.narrow(2, 0, 2).narrow(3, 0, 6), denoised.narrow(2, 4, 2).narrow(3, 8, 6), Rounding, "inside");
        TensorAssert.Close(Alone(x, dog).narrow(2, 8, 8), denoised.narrow(2, 8, 8), Rounding, "outside");
    }

    [Theory]
    [InlineData(14.0, true)]
    [InlineData(1.0, false)]
    public void Denoise_TimestepRange_AppliesBetweenItsSigmas(double sigma, bool isFirst)
    {
        using var scope = NewDisposeScope();
        var x = Noise(1, 8, 8);
        var (cat, dog) = (TinyModel.Entry(1), TinyModel.Entry(2));
        ConditioningEntry[] positive = [cat with { StartPercent = 0, EndPercent = 0.5 }, dog with { StartPercent = 0.5, EndPercent = 1 }];

        var denoised = new GuidedDenoiser(Model, positive, [dog], 1, 8, 8).Denoise(x, sigma).Guided;

        TensorAssert.Close(Model.Denoise(x, sigma, (isFirst ? cat : dog).Context), denoised, Rounding, "range");
    }

    [Fact]
    public void Place_AreaOutsideOfTheImage_SaysWhere()
    {
        var entry = TinyModel.Entry(1) with { Area = new ConditioningArea(8, 8, 16, 0, IsFraction: false) };

        var error = Assert.Throws<ArgumentException>(() => new GuidedDenoiser(Model, [entry], [TinyModel.Entry(2)], 1, 8, 8));

        Assert.Contains("y 128", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Noise(long batch, long rows, long columns)
    {
        using var generator = new Generator(5);
        return randn(batch, 4, rows, columns, generator: generator) * Sigma;
    }

    private Tensor Denoise(Tensor x, ConditioningEntry[] positive, ConditioningEntry[] negative, double scale) =>
        new GuidedDenoiser(Model, positive, negative, scale, x.shape[2], x.shape[3]).Denoise(x, Sigma).Guided;

    private Tensor Alone(Tensor x, ConditioningEntry entry) => Model.Denoise(x, Sigma, entry.Context.expand(x.shape[0], -1, -1));
}
