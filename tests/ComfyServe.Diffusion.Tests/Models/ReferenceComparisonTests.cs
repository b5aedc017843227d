using System.Globalization;
using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Checkpoints;
using ComfyServe.Diffusion.Text;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>The full-size networks with the reference checkpoint's weights against what ComfyUI computed with them.</summary>
[Trait("kind", "comparison")]
public sealed partial class ReferenceComparisonTests
{
    private const double Tolerance = 1e-4;
    private const string Skipped = "loads the 2 GB reference checkpoint; set COMFYSERVE_TEST_FULL=1";

    [Fact]
    public void Unet_ReferenceCheckpoint_EqualsComfyUi()
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var checkpoint = Checkpoint.Load(ReferenceFile.GetPath(), ComputeFormat.Fp32, CheckpointParts.Unet);
        using var golden = new GoldenTensors("unet.safetensors");
        var failures = new List<string>();
        var compared = 0;

        foreach (var name in golden.Names.Where(n => n.StartsWith("raw_unet_", StringComparison.Ordinal)))
        {
            // raw_unet_t500_8x8, raw_unet_t500_8x8_batch2_ctx_neg_pos
            var match = RawUnet().Match(name);
            var batch = match.Groups["batch"].Success;
            Assert.True(match.Success, $"'{name}' is not of the known form");
            var x = golden[$"x_{match.Groups["size"].Value}"];
            var context = golden["context"];
            if (batch)
            {
                x = cat([x, x]);
                context = cat([golden["context_neg"], context]);
            }

            var timestep = float.Parse(match.Groups["t"].Value, CultureInfo.InvariantCulture);
            var output = checkpoint.Unet.Forward(x, full([x.shape[0]], timestep), context);

            compared++;
            AddFailure(failures, name, golden[name], output);
        }

        Assert.Empty(failures);
        Assert.True(compared > 0);
    }

    [Fact]
    public void Unet_ReferenceCheckpoint_EveryBlockEqualsComfyUi()
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var checkpoint = Checkpoint.Load(ReferenceFile.GetPath(), ComputeFormat.Fp32, CheckpointParts.Unet);
        using var inputs = new GoldenTensors("unet.safetensors");
        using var golden = new GoldenTensors("unet_activations_t500_8x8.safetensors");
        var expected = golden.Names.ToHashSet();
        var failures = new List<string>();
        var seen = new HashSet<string>();

        checkpoint.Unet.Forward(inputs["x_8x8"], full([1], 500f), inputs["context"], null, (name, value) =>
        {
            if (expected.Contains(name) && seen.Add(name))
            {
                AddFailure(failures, name, golden[name], value);
            }
        });

        Assert.Empty(expected.Except(seen));
        Assert.Empty(failures);
    }

    [Fact]
    public void Vae_ReferenceCheckpoint_EqualsComfyUi()
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var checkpoint = Checkpoint.Load(ReferenceFile.GetPath(), ComputeFormat.Fp32, CheckpointParts.Vae);
        using var golden = new GoldenTensors("vae.safetensors");

        var decoded = checkpoint.Vae.Decode(golden["latent_8x8"]);
        var raw = checkpoint.Vae.DecodeImage(golden["latent_8x8"]);
        var encoded = checkpoint.Vae.Encode(golden["image_nhwc"]);

        TensorAssert.Close(golden["decode_pixels_nhwc"], decoded, Tolerance, "decode");
        TensorAssert.Close(golden["raw_decoder_output_before_clamp_nchw"], raw, Tolerance, "decoder output");
        TensorAssert.Close(golden["encode_latent"], encoded, Tolerance, "encode");
    }

    [Fact]
    public void TextEncoder_ReferenceCheckpoint_EqualsComfyUi()
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        using var checkpoint = Checkpoint.Load(ReferenceFile.GetPath(), ComputeFormat.Fp32, CheckpointParts.TextEncoder);
        using var golden = new GoldenTensors("clip_cond.safetensors");
        var tokenizer = new PromptTokenizer(ClipTokenizer.Default);
        var prompts = new Dictionary<string, (string Prompt, int Layer)>
        {
            ["cat"] = ("a photo of a cat", -1),
            ["cat_skip2"] = ("a photo of a cat", -2),
            ["empty"] = ("", -1),
            ["pos"] = ("beautiful scenery nature glass bottle landscape, , purple galaxy bottle,", -1),
            ["neg"] = ("text, watermark", -1),
            ["weighted"] = ("(word:1.2) ((nested)) (low:0.5) normal", -1),
        };
        var failures = new List<string>();

        foreach (var name in golden.Names.Select(n => n.Split('.')[0]).Distinct().Where(prompts.ContainsKey))
        {
            var encoding = PromptEncoder.Encode(checkpoint.TextEncoder, tokenizer.Tokenize(prompts[name].Prompt), prompts[name].Layer);
            AddFailure(failures, $"{name}.cond", golden[$"{name}.cond"], encoding.Hidden);
            AddFailure(failures, $"{name}.pooled", golden[$"{name}.pooled"], encoding.Pooled);
        }

        Assert.Empty(failures);
    }

    private static void AddFailure(List<string> failures, string name, Tensor expected, Tensor actual)
    {
        var error = TensorAssert.Error(expected, actual);
        if (!(error <= Tolerance))
        {
            failures.Add($"{name}: relative error {error:E2}");
        }
    }

    [GeneratedRegex(@"^raw_unet_t(?<t>\d+)_(?<size>\d+x\d+)(?<batch>_batch2_ctx_neg_pos)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RawUnet();
}
