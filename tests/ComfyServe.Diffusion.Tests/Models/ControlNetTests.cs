using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Guidance;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

public sealed class ControlNetTests : IDisposable
{
    private const double Rounding = 1e-5;
    private const double Sigma = 2.5;
    private readonly TinyModel _tiny = new(ComputeFormat.Fp32);
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-control").FullName;

    public void Dispose()
    {
        _scope.Dispose();
        _tiny.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A copy of the network's own way down, with outputs that pass everything on and an image that adds nothing, gives exactly the skip
    /// connections and the middle.</summary>
    [Fact]
    public void Forward_CopyOfTheNetwork_GivesItsSkipConnections()
    {
        var (x, t, context) = (Noise(), full([1], 400f), TinyModel.Entry(1).Context);
        var blocks = new Dictionary<string, Tensor>();
        _tiny.Model.Unet.Forward(x, t, context, null, (name, value) => _scope.Attach(blocks[name] = value.clone().DetachFromDisposeScope()));

        var residuals = Copy(hint: 0).Forward(x, Image(), t, context);

        for (var i = 0; i < residuals.Skips.Count; i++)
        {
            TensorAssert.Close(blocks[$"input_blocks.{i}"], residuals.Skips[i], Rounding, $"skip {i}");
        }

        TensorAssert.Close(blocks["middle_block"], residuals.Middle, Rounding, "middle");
        Assert.Equal(blocks.Keys.Count(static name => name.StartsWith("input_blocks.", StringComparison.Ordinal) && name.Count(static c => c == '.') == 1), residuals.Skips.Count);
    }

    [Fact]
    public void Forward_AnotherImage_GivesOtherResiduals()
    {
        var (x, t, context) = (Noise(), full([1], 400f), TinyModel.Entry(1).Context);
        var network = Copy(hint: 1);

        var (one, other) = (network.Forward(x, Image(), t, context), network.Forward(x, 1 - Image(), t, context));

        Assert.True(TensorAssert.Error(one.Middle, other.Middle) > 1e-3);
    }

    [Fact]
    public void Denoise_Controls_AddWhatTheirStrengthSays()
    {
        var (x, context) = (Noise() * Sigma, TinyModel.Entry(1).Context);
        var network = Copy(hint: 1);
        var scaled = x / Math.Sqrt((Sigma * Sigma) + 1);
        var timesteps = full([1], (float)_tiny.Model.Schedule.TimestepOf(Sigma));
        var residuals = network.Forward(scaled, Image(), timesteps, context);
        var output = _tiny.Model.Unet.Forward(scaled, timesteps, context, null, null, residuals.Times(0.75));

        var actual = Estimate(x, new Control(network, Image()) { Strength = 0.25 }, new Control(network, Image()) { Strength = 0.5 });

        TensorAssert.Close(x - (output * Sigma), actual, Rounding, "two controls");
        Assert.True(TensorAssert.Error(Estimate(x), actual) > 1e-3);
    }

    [Fact]
    public void Denoise_Bf16_IsNearFp32()
    {
        using var narrow = new TinyModel(ComputeFormat.Bf16);
        var x = Noise() * Sigma;
        var entry = TinyModel.Entry(1);

        var actual = new GuidedDenoiser(narrow.Model, [entry with { Controls = [new Control(Copy(hint: 1, of: narrow), Image())] }], [], 1, 8, 8).Denoise(x, Sigma).Guided;

        TensorAssert.Close(Estimate(x, new Control(Copy(hint: 1), Image())), actual, 3e-2, "bf16");
    }

    [Theory]
    [InlineData(0.0, 1.0, true)]
    [InlineData(0.9, 1.0, false)]
    [InlineData(0.0, 0.1, false)]
    public void Denoise_OutsideOfItsTime_AControlAddsNothing(double start, double end, bool applies)
    {
        var x = Noise() * Sigma;

        var actual = Estimate(x, new Control(Copy(hint: 1), Image()) { StartPercent = start, EndPercent = end });

        Assert.Equal(applies, TensorAssert.Error(Estimate(x), actual) > 1e-3);
    }

    [Fact]
    public void GuidedDenoiser_ControlOfBoth_IsThatOfEachAlone()
    {
        var x = Noise() * Sigma;
        var control = new Control(Copy(hint: 1), Image());
        ConditioningEntry Entry(int seed, params Control[] controls) => TinyModel.Entry(seed) with { Controls = controls };
        var (positive, negative) = (Estimate(x, Entry(1, control)), Estimate(x, Entry(2, control)));
        var expected = negative + ((positive - negative) * 3);

        var given = new GuidedDenoiser(_tiny.Model, [Entry(1, control)], [Entry(2, control)], 3, 8, 8).Denoise(x, Sigma).Guided;
        var shared = new GuidedDenoiser(_tiny.Model, [Entry(1, control) with { ControlsBoth = true }], [Entry(2)], 3, 8, 8).Denoise(x, Sigma).Guided;

        TensorAssert.Close(expected, given, Rounding, "given to both");
        TensorAssert.Close(expected, shared, Rounding, "given to one, for both");
    }

    [Fact]
    public void GuidedDenoiser_NetworkOfAnotherModel_IsRefused()
    {
        var other = new ControlNet(_tiny.Model.Unet.Config with { ContextWidth = 16 }, new WeightMap(new TensorWeights(new Dictionary<string, Tensor>(), static (_, shape) => zeros(shape))), ComputeFormat.Fp32);

        var error = Assert.Throws<ArgumentException>(() => Estimate(Noise(), new Control(other, Image())));

        Assert.Contains("made for another kind of model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_TakesTheCentreAndTheNearestPixels()
    {
        var image = arange(24, dtype: ScalarType.Float32).view(1, 1, 2, 12);

        Assert.Equal([5, 6, 17, 18], PlacedControl.Fit(image, 2, 2).data<float>().ToArray());
        Assert.Equal([5, 5, 6, 6, 5, 5, 6, 6, 17, 17, 18, 18, 17, 17, 18, 18], PlacedControl.Fit(image, 4, 4).data<float>().ToArray());
    }

    [Theory]
    [InlineData("control_model.")]
    [InlineData("")]
    public void Load_File_GivesTheNetwork(string prefix)
    {
        var weights = new Dictionary<string, Tensor>();
        using var generator = new Generator(3);
        using var written = Copy(hint: 1, weights);
        var path = Path.Combine(_folder, "c.safetensors");
        SafetensorsWriter.Write(
            path,
            weights.ToDictionary(w => prefix + w.Key, static w => w.Value),
            new Dictionary<string, string> { [UnetConfig.HeadsKey] = "4" });

        using var network = ControlNet.Load(path, ComputeFormat.Fp32);

        var (x, t, context) = (Noise(), full([1], 400f), TinyModel.Entry(1).Context);
        TensorAssert.Close(written.Forward(x, Image(), t, context).Middle, network.Forward(x, Image(), t, context).Middle, Rounding, "middle");
    }

    [Theory]
    [InlineData("controlnet_cond_embedding.conv_in.weight", "'diffusers' library")]
    [InlineData("body.0.weight", "holds no ControlNet")]
    public void Load_AnotherFile_SaysWhatItIs(string name, string expected)
    {
        var path = Path.Combine(_folder, "c.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { [name] = zeros(1) });

        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => ControlNet.Load(path, ComputeFormat.Fp32)).Message, StringComparison.Ordinal);
    }

    private static Tensor Noise() => randn(1, 4, 8, 8, generator: new Generator(9));

    private static Tensor Image() => rand(1, 3, 64, 64, generator: new Generator(8));

    private Tensor Estimate(Tensor x, params Control[] controls) => Estimate(x, TinyModel.Entry(1) with { Controls = controls });

    private Tensor Estimate(Tensor x, ConditioningEntry entry) => new GuidedDenoiser(_tiny.Model, [entry], [], 1, 8, 8).Denoise(x, Sigma).Guided;

    /// <summary>The network's own way down; outputs pass on; the image's convolutions are seeded, the last times <paramref name="hint"/>.</summary>
    private ControlNet Copy(double hint, Dictionary<string, Tensor>? into = null, TinyModel? of = null)
    {
        var weights = into ?? [];
        var unet = (of ?? _tiny).Model.Unet;
        foreach (var (name, tensor) in unet.Weights.Where(static w => !w.Key.StartsWith("out", StringComparison.Ordinal)))
        {
            weights[name] = tensor;
        }

        var generator = new Generator(3);
        Tensor Make(string name, long[] shape) => name switch
        {
            _ when name.EndsWith(".bias", StringComparison.Ordinal) => zeros(shape),
            _ when name.StartsWith("input_hint_block.", StringComparison.Ordinal) => randn(shape, generator: generator) / 5 * (name.Contains(".14.", StringComparison.Ordinal) ? hint : 1),
            _ => eye(shape[0]).view(shape),
        };
        return new ControlNet(unet.Config, new WeightMap(new TensorWeights(weights, (name, shape) => unet.Format.Weight(Make(name, shape)))), unet.Format);
    }
}
