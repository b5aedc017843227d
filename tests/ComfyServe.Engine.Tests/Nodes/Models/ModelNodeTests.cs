using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>The model nodes with a checkpoint that is small enough for quick tests.</summary>
public sealed class ModelNodeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-models").FullName;
    private readonly List<string> _warnings = [];
    private readonly DisposeScope _scope;

    public ModelNodeTests()
    {
        TorchRuntime.Initialize();
        TinyCheckpoint.Write(Path.Combine(_root, "models", "checkpoints", "tiny.safetensors"));
        _scope = NewDisposeScope();
    }

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Nodes_TextToImage_GiveAnImageAndReportEachStep()
    {
        var steps = new Steps();
        var context = Context(listener: steps);

        var image = TextToImage(context);

        Assert.Equal([1, 64, 64, 3], image.Tensor.shape);
        Assert.Equal([(1, 3), (2, 3), (3, 3)], steps.Seen);
        Assert.True(image.Tensor.std().item<float>() > 0);
    }

    [Fact]
    public void KSampler_InterruptedInAStep_StopsThere()
    {
        using var interrupted = new CancellationTokenSource();
        var steps = new Steps { After = seen => Cancel(interrupted, seen == 2) };
        var context = Context(listener: steps, interrupted: interrupted);

        Assert.Throws<OperationCanceledException>(() => TextToImage(context));

        Assert.Equal(2, steps.Seen.Count);
    }

    [Fact]
    public void CheckpointLoader_SameFileTwice_LoadsItOnce()
    {
        var context = Context();

        var (first, second) = (Load(context), Load(context));

        Assert.Same(first.Model.Unet, second.Model.Unet);
        Assert.Equal(1, context.Models.Count);
    }

    [Fact]
    public void CheckpointLoader_MissingFile_IsNamedAsComfyUiNamesIt()
    {
        var error = Assert.Throws<FileNotFoundException>(() => NodeCall.Of("CheckpointLoaderSimple", Context()).Run(Inputs(("ckpt_name", "x.safetensors"))));

        Assert.Equal("Model in folder 'checkpoints' with filename 'x.safetensors' not found.", error.Message);
    }

    [Theory]
    [InlineData("broken.safetensors")]
    [InlineData("pickled.ckpt")]
    public void CheckpointLoader_FileThatIsNone_IsRefused(string name)
    {
        File.WriteAllBytes(Path.Combine(_root, "models", "checkpoints", name), [0x80, 2, .. new byte[100]]);

        var error = Assert.Throws<NodeException>(() => NodeCall.Of("CheckpointLoaderSimple", Context()).Run(Inputs(("ckpt_name", name))));

        Assert.Equal("ValueError", error.Type);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CLIPTextEncode_NoTextEncoder_SaysSo()
    {
        var error = Assert.Throws<NodeException>(() => NodeCall.Of("CLIPTextEncode", Context()).Run(Inputs(("text", "a cat"), ("clip", null))));

        Assert.StartsWith("ERROR: clip input is invalid: None", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CLIPTextEncode_EmbeddingFile_ReplacesTokens()
    {
        var context = Context();
        var folder = Directory.CreateDirectory(Path.Combine(_root, "models", "embeddings")).FullName;
        SafetensorsWriter.Write(Path.Combine(folder, "style.safetensors"), new Dictionary<string, Tensor> { ["emb_params"] = ones(2, 32) });
        var (_, encoder, _) = Load(context);

        var (with, without) = (Encode(context, encoder, "a embedding:style"), Encode(context, encoder, "a"));

        Assert.NotEqual(0, (with.Entries[0].Context - without.Entries[0].Context).abs().sum().item<float>());
    }

    [Fact]
    public void CLIPTextEncode_PickledEmbedding_IsRefused()
    {
        var context = Context();
        File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "models", "embeddings")).FullName, "style.pt"), [0x80, 2]);
        var (_, encoder, _) = Load(context);

        var error = Assert.Throws<NodeException>(() => Encode(context, encoder, "a embedding:style"));

        Assert.Contains("pickled", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, 36, 6)]
    [InlineData(3, 9, 7)]
    [InlineData(0, 1, 8)]
    public void VAEEncodeForInpaint_OnePixel_GrowsTheMask(long grow, int cells, int first)
    {
        var context = Context();
        var mask = zeros(1, 16, 16);
        mask.select(0, 0).select(0, 8).narrow(0, 8, 1).fill_(1);

        var latent = (Latent)NodeCall.Of("VAEEncodeForInpaint", context).Run(Inputs(
            ("pixels", new ImageBatch(ones(1, 16, 16, 3))), ("vae", Load(context).Vae), ("mask", new Mask(mask)), ("grow_mask_by", grow)))[0]!;

        // Spec I.3, vector 55.
        Assert.Equal(cells, latent.NoiseMask!.sum().item<float>());
        Assert.Equal([first, first], latent.NoiseMask!.squeeze().nonzero().amin([0]).data<long>().ToArray());
        Assert.Equal([1, 4, 2, 2], latent.Samples.shape);
    }

    [Fact]
    public void ModelCache_MoreThanTheBudget_LetsGoOfTheOldest()
    {
        TinyCheckpoint.Write(Path.Combine(_root, "models", "checkpoints", "other.safetensors"), seed: 2);
        var models = new ModelCache(ComputeFormat.Fp32, budget: 1);
        var context = new NodeContext { Folders = new EngineFolders(_root), Models = models };

        var first = Load(context).Model.Unet;
        Load(context, "other.safetensors");
        var again = Load(context).Model.Unet;

        Assert.Equal(1, models.Count);
        Assert.NotSame(first, again);
        using var output = first.Forward(zeros(1, 4, 8, 8), zeros(1), zeros(1, 7, 32)); // still whole: somebody holds it
        Assert.Equal([1, 4, 8, 8], output.shape);
    }

    [Fact]
    public void LoraLoader_KohyaAndDiffusersNames_ChangeTheWeightsByAlphaOverRank()
    {
        var context = Context();
        var (model, encoder, _) = Load(context);
        using var generator = new Generator(5);
        var (up, down) = (randn(32, 2, generator: generator), randn(2, 32, generator: generator));
        WriteLora(new Dictionary<string, Tensor>
        {
            ["lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_up.weight"] = up,
            ["lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_down.weight"] = down,
            ["lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.alpha"] = tensor(1f),
            ["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.lora_B.weight"] = up,
            ["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.lora_A.weight"] = down,
            ["lora_te_text_model_encoder_layers_1_self_attn_q_proj.lora_up.weight"] = up,
            ["lora_te_text_model_encoder_layers_1_self_attn_q_proj.lora_down.weight"] = down,
            ["lora_te_text_model_encoder_layers_9_self_attn_q_proj.lora_up.weight"] = up,
        });

        var outputs = NodeCall.Of("LoraLoader", context).Run(Inputs(
            ("model", model), ("clip", encoder), ("lora_name", "l.safetensors"), ("strength_model", 0.5), ("strength_clip", -1.0)));

        var (changed, text) = (((DiffusionModel)outputs[0]!).Unet.Weights, ((TextEncoder)outputs[1]!).Network.Weights);
        var product = up.matmul(down);
        Near(product * 0.25, changed, model.Unet.Weights, "input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight");
        Near(product * 0.5, changed, model.Unet.Weights, "input_blocks.1.1.transformer_blocks.0.attn1.to_k.weight");
        Near(-product, text, encoder.Network.Weights, "text_model.encoder.layers.1.self_attn.q_proj.weight");
        Assert.Same(model.Unet.Weights["out.2.weight"], changed["out.2.weight"]);
        Assert.Contains("layers_9", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void LoraLoader_AnotherKind_IsRefused()
    {
        var context = Context();
        var (model, encoder, _) = Load(context);
        WriteLora(new Dictionary<string, Tensor> { ["lora_unet_x.hada_w1_a"] = ones(1) });

        var error = Assert.Throws<NodeException>(() => NodeCall.Of("LoraLoader", context).Run(Inputs(
            ("model", model), ("clip", encoder), ("lora_name", "l.safetensors"), ("strength_model", 1.0), ("strength_clip", 1.0))));

        Assert.Contains("hada_w1_a", error.Message, StringComparison.Ordinal);
    }

    private static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
        {
            source.Cancel();
        }
    }

    private static void Near(Tensor change, IReadOnlyDictionary<string, Tensor> changed, IReadOnlyDictionary<string, Tensor> before, string name) =>
        Assert.True((changed[name] - before[name] - change).abs().max().item<float>() < 1e-5, $"'{name}' did not change as it should");

    private static Dictionary<string, object?> Inputs(params (string Name, object? Value)[] inputs) => inputs.ToDictionary(i => i.Name, i => i.Value);

    private static (DiffusionModel Model, TextEncoder Encoder, Autoencoder Vae) Load(NodeContext context, string name = "tiny.safetensors")
    {
        var outputs = NodeCall.Of("CheckpointLoaderSimple", context).Run(Inputs(("ckpt_name", name)));
        return ((DiffusionModel)outputs[0]!, (TextEncoder)outputs[1]!, (Autoencoder)outputs[2]!);
    }

    private static Conditioning Encode(NodeContext context, TextEncoder encoder, string text) =>
        (Conditioning)NodeCall.Of("CLIPTextEncode", context).Run(Inputs(("text", text), ("clip", encoder)))[0]!;

    private static ImageBatch TextToImage(NodeContext context)
    {
        var (model, encoder, vae) = Load(context);
        var empty = NodeCall.Of("EmptyLatentImage", context).Run(Inputs(("width", 64L), ("height", 64L), ("batch_size", 1L)))[0];
        var latent = NodeCall.Of("KSampler", context).Run(Inputs(
            ("model", model), ("seed", ulong.MaxValue), ("steps", 3L), ("cfg", 2.0), ("sampler_name", "euler"), ("scheduler", "normal"),
            ("positive", Encode(context, encoder, "a cat")), ("negative", Encode(context, encoder, "")), ("latent_image", empty), ("denoise", 1.0)))[0];
        return (ImageBatch)NodeCall.Of("VAEDecode", context).Run(Inputs(("samples", latent), ("vae", vae)))[0]!;
    }

    private NodeContext Context(INodeProgress? listener = null, CancellationTokenSource? interrupted = null) => new()
    {
        Folders = new EngineFolders(_root),
        Models = new ModelCache(ComputeFormat.Fp32, _warnings.Add),
        Listener = listener,
        Interrupted = interrupted?.Token ?? CancellationToken.None,
    };

    private void WriteLora(Dictionary<string, Tensor> tensors) =>
        SafetensorsWriter.Write(Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "models", "loras")).FullName, "l.safetensors"), tensors);

    private sealed class Steps : INodeProgress
    {
        public List<(long Value, long Max)> Seen { get; } = [];

        public Action<int>? After { get; init; }

        public void Step(string nodeId, long value, long max, Tensor? denoised)
        {
            Assert.NotNull(denoised);
            Seen.Add((value, max));
            After?.Invoke(Seen.Count);
        }

        public void Text(string nodeId, string text)
        {
        }
    }
}
