using System.Globalization;
using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Adapters;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Diffusion.Text;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>The full-size networks with the reference checkpoint's weights against what ComfyUI computed with them: every
/// tensor of the recorded files.</summary>
[Trait("kind", "comparison")]
public sealed partial class ReferenceComparisonTests(LoadedReference reference) : IClassFixture<LoadedReference>
{
    private const double Tolerance = 1e-4;
    private const string LoraRuns = "lora.safetensors";

    /// <summary>The prompts behind the recorded names: tests/data/golden/README.md.</summary>
    private static readonly Dictionary<string, (string Prompt, int Layer)> Prompts = new()
    {
        ["cat"] = ("a photo of a cat", -1),
        ["cat_skip2"] = ("a photo of a cat", -2),
        ["dog"] = ("a dog", -1),
        ["empty"] = ("", -1),
        ["pos"] = ("beautiful scenery nature glass bottle landscape, , purple galaxy bottle,", -1),
        ["neg"] = ("text, watermark", -1),
        ["weighted"] = ("(word:1.2) ((nested)) (low:0.5) normal", -1),
    };

    private Checkpoint Checkpoint => reference.Checkpoint;

    public static TheoryData<string> UnetOutputs() => Outputs("unet.safetensors", "raw_unet_", "apply_model_");

    public static TheoryData<string> AutoencoderOutputs() => Outputs("vae.safetensors", "decode_", "encode_", "raw_decoder_");

    public static TheoryData<string> LoraOutputs() => Outputs(LoraRuns, "lora_");

    public static TheoryData<string> Conditionings() => Outputs("clip_cond.safetensors", "");

    [Theory]
    [MemberData(nameof(UnetOutputs))]
    public void Unet_ReferenceCheckpoint_EqualsComfyUi(string name)
    {
        Assert.SkipUnless(RecordedData.IsFull, LoadedReference.Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var golden = new GoldenTensors("unet.safetensors");

        var output = Raw().Match(name) is { Success: true } raw ? RunRaw(golden, raw)
            : Denoised().Match(name) is { Success: true } denoised ? RunDenoised(golden, denoised)
            : null;

        Assert.SkipWhen(output is null, $"'{name}' is a kind of run that is not built");
        Compare(golden[name], output!, name);
    }

    [Fact]
    public void Unet_ReferenceCheckpoint_EveryBlockEqualsComfyUi()
    {
        Assert.SkipUnless(RecordedData.IsFull, LoadedReference.Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var inputs = new GoldenTensors("unet.safetensors");
        using var golden = new GoldenTensors("unet_activations_t500_8x8.safetensors");
        var expected = golden.Names.ToHashSet();
        var errors = new Dictionary<string, double>();

        Checkpoint.Unet.Forward(inputs["x_8x8"], full([1], 500f), inputs["context"], null, (name, value) =>
        {
            if (expected.Contains(name) && !errors.ContainsKey(name))
            {
                errors[name] = TensorAssert.Error(golden[name], value);
            }
        });

        Assert.Empty(expected.Except(errors.Keys));
        Assert.DoesNotContain(errors, error => !(error.Value <= Tolerance));
        TestContext.Current.TestOutputHelper?.WriteLine($"{errors.Count} blocks: largest relative error {errors.Values.Max():E2}");
    }

    [Theory]
    [MemberData(nameof(AutoencoderOutputs))]
    public void Vae_ReferenceCheckpoint_EqualsComfyUi(string name)
    {
        Assert.SkipUnless(RecordedData.IsFull, LoadedReference.Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var golden = new GoldenTensors("vae.safetensors");

        var output = name switch
        {
            "decode_pixels_nhwc" => Checkpoint.Vae.Decode(golden["latent_8x8"]),
            "raw_decoder_output_before_clamp_nchw" => Checkpoint.Vae.DecodeImage(golden["latent_8x8"]),
            "encode_latent" or "encode_latent_again" => Checkpoint.Vae.Encode(golden["image_nhwc"]),
            _ => null,
        };

        Assert.SkipWhen(output is null, $"'{name}' is a kind of run that is not built");
        Compare(golden[name], output!, name);
    }

    [Theory]
    [MemberData(nameof(Conditionings))]
    public void TextEncoder_ReferenceCheckpoint_EqualsComfyUi(string name)
    {
        Assert.SkipUnless(RecordedData.IsFull, LoadedReference.Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var golden = new GoldenTensors("clip_cond.safetensors");
        Assert.SkipUnless(name.Split('.') is [var key, "cond" or "pooled"] && Prompts.ContainsKey(key), $"the prompt behind '{name}' is not known");
        var (prompt, layer) = Prompts[name.Split('.')[0]];

        var encoding = PromptEncoder.Encode(Checkpoint.TextEncoder, new PromptTokenizer(ClipTokenizer.Default).Tokenize(prompt), layer);

        Compare(golden[name], name.EndsWith(".cond", StringComparison.Ordinal) ? encoding.Hidden : encoding.Pooled, name);
    }

    [Theory]
    [MemberData(nameof(LoraOutputs))]
    public void Lora_ReferenceCheckpoint_EqualsComfyUi(string name)
    {
        Assert.SkipUnless(RecordedData.IsFull, LoadedReference.Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var golden = new GoldenTensors(LoraRuns);
        var run = Patched().Match(name);
        Assert.SkipUnless(run.Success, $"'{name}' is a kind of run that is not built");
        var (modelStrength, textStrength) = (Number(run, "model"), Number(run, "text"));
        var isThere = golden.Names.Any(n => n.StartsWith("lora_unet_", StringComparison.Ordinal) || n.StartsWith("lora_te_", StringComparison.Ordinal));
        Assert.SkipUnless(isThere || (modelStrength == 0 && textStrength == 0), $"'{name}': the LoRA's own weights are not among the recorded files");
        var (unet, textEncoder) = (Checkpoint.Unet, Checkpoint.TextEncoder);
        if (modelStrength != 0 || textStrength != 0)
        {
            using var lora = LoraFile.Open(RecordedData.Golden(LoraRuns));
            (unet, textEncoder) = (Lora.Apply(unet, lora, modelStrength, out _), Lora.Apply(textEncoder, lora, textStrength, out _));
        }

        var context = PromptEncoder.Encode(textEncoder, new PromptTokenizer(ClipTokenizer.Default).Tokenize(Prompts["cat"].Prompt), -1).Hidden;
        var output = run.Groups["t"].Success
            ? unet.Forward(NoiseSource.Initial(42, [1, 4, 8, 8]), full([1], (float)Number(run, "t")), context)
            : context;

        Compare(golden[name], output, name);
    }

    private static TheoryData<string> Outputs(string file, params string[] starts) =>
        GoldenTensors.NamesIn(file, name => starts.Any(start => name.StartsWith(start, StringComparison.Ordinal)));

    private static void Compare(Tensor expected, Tensor actual, string name)
    {
        var error = TensorAssert.Error(expected, actual);
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: relative error {error:E2}");
        Assert.True(error <= Tolerance, $"{name}: relative error {error:E2}, allowed {Tolerance:E1}");
    }

    private Tensor RunRaw(GoldenTensors golden, Match run)
    {
        var (x, context) = (golden[$"x_{run.Groups["size"].Value}"], golden["context"]);
        if (run.Groups["batch"].Success)
        {
            (x, context) = (cat([x, x]), cat([golden["context_neg"], context]));
        }

        return Checkpoint.Unet.Forward(x, full([x.shape[0]], (float)Number(run, "t")), context);
    }

    private Tensor RunDenoised(GoldenTensors golden, Match run)
    {
        var sigma = Number(run, "sigma");
        var model = new DiffusionModel(Checkpoint.Unet, DiscreteSchedule.StableDiffusion);
        return model.Denoise(golden[$"x_{run.Groups["size"].Value}"] * sigma, sigma, golden["context"]);
    }

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^raw_unet_t(?<t>\d+)_(?<size>\d+x\d+)(?<batch>_batch2_ctx_neg_pos)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Raw();

    [GeneratedRegex(@"^lora_m(?<model>-?[\d.]+)_c(?<text>-?[\d.]+)/(cond_cat|raw_unet_t(?<t>\d+)\(x,cond\))$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Patched();

    [GeneratedRegex(@"^apply_model_denoised_sigma(?<sigma>[\d.]+)_(?<size>\d+x\d+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Denoised();
}
