using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>The denoising network of latent diffusion (https://arxiv.org/abs/2112.10752): a convolutional U with
/// transformers, conditioned on a timestep and on text. Names are those of the original checkpoints.</summary>
public sealed class Unet : IDisposable
{
    private readonly ComputeFormat _format;
    private readonly IReadOnlyCollection<Tensor> _owned;
    private readonly Linear _time1;
    private readonly Linear _time2;
    private readonly Linear? _label1;
    private readonly Linear? _label2;
    private readonly Conv2d _first;
    private readonly List<Stage> _down = [];
    private readonly ResidualBlock _middle1;
    private readonly SpatialTransformer _middle2;
    private readonly ResidualBlock _middle3;
    private readonly List<Stage> _up = [];
    private readonly GroupNorm _lastNorm;
    private readonly Conv2d _last;

    /// <summary>Takes the weights; names start with <c>input_blocks.</c>, <c>time_embed.</c> and so on.</summary>
    /// <exception cref="CheckpointException">Weights are missing or have other shapes; the message names all of them.</exception>
    public Unet(UnetConfig config, WeightMap weights, ComputeFormat format)
    {
        Config = config;
        _format = format;
        var first = config.ModelChannels;
        var embedding = 4 * first;
        _time1 = new Linear(weights["time_embed.0"], first, embedding);
        _time2 = new Linear(weights["time_embed.2"], embedding, embedding);
        if (config.LabelWidth > 0)
        {
            _label1 = new Linear(weights["label_emb.0.0"], config.LabelWidth, embedding);
            _label2 = new Linear(weights["label_emb.0.2"], embedding, embedding);
        }

        _first = new Conv2d(weights["input_blocks.0.0"], config.InputChannels, first, kernel: 3);
        var skips = BuildDown(weights["input_blocks"], embedding);
        var channels = skips.Peek();
        var middle = weights["middle_block"];
        _middle1 = new ResidualBlock(middle["0"], channels, channels, embedding, config.NormGroups);
        _middle2 = new SpatialTransformer(config, middle["1"], channels, config.MiddleDepth);
        _middle3 = new ResidualBlock(middle["2"], channels, channels, embedding, config.NormGroups);
        BuildUp(weights["output_blocks"], embedding, skips);
        _lastNorm = new GroupNorm(weights["out.0"], first, config.NormGroups, 1e-5);
        _last = new Conv2d(weights["out.2"], first, config.OutputChannels, kernel: 3);
        weights.ThrowIfIncomplete();
        _owned = weights.Owned;
        (Weights, Kernels) = (weights.Taken, weights.Kernels);
    }

    /// <summary>The sizes.</summary>
    public UnetConfig Config { get; }

    /// <summary>The weights by their names in the checkpoint.</summary>
    internal IReadOnlyDictionary<string, Tensor> Weights { get; }

    /// <summary>What the layers compute with.</summary>
    internal Kernels Kernels { get; }

    /// <summary>The number format.</summary>
    internal ComputeFormat Format => _format;

    /// <summary>Bytes of memory that the weights take.</summary>
    public long ByteSize => _owned.Sum(t => t.numel() * t.element_size());

    /// <summary>Predicts noise (or velocity, as the model was trained).</summary>
    /// <param name="x">Scaled noisy latents [B, input channels, H, W]; any H and W.</param>
    /// <param name="timesteps">Timesteps [B], 0 to 999.</param>
    /// <param name="context">Conditioning [B, N, context width].</param>
    /// <param name="label">Vector conditioning [B, label width]; needed where the config has a label width.</param>
    /// <returns>fp32 [B, output channels, H, W] on the CPU.</returns>
    public Tensor Forward(Tensor x, Tensor timesteps, Tensor context, Tensor? label = null) => Forward(x, timesteps, context, label, trace: null);

    /// <summary>As the public form; <paramref name="trace"/> sees each block's result under its checkpoint name.</summary>
    internal Tensor Forward(Tensor x, Tensor timesteps, Tensor context, Tensor? label, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var embedding = silu(Embed(timesteps, label, trace)); // [B, 4·C]
        context = _format.Activation(context); // [B, N, context width]
        var h = _first.Forward(_format.Activation(x)); // [B, C, H, W]
        trace?.Invoke("input_blocks.0.0", h);
        trace?.Invoke("input_blocks.0", h);
        var skips = new Stack<Tensor>();
        skips.Push(h);
        for (var i = 0; i < _down.Count; i++)
        {
            h = _down[i].Forward(h, embedding, context, null, trace, $"input_blocks.{i + 1}"); // [B, C·m, H/2ⁿ, W/2ⁿ]
            skips.Push(h);
        }

        h = _middle1.Forward(h, embedding, trace, "middle_block.0"); // [B, C·m, H/2ⁿ, W/2ⁿ]
        h = _middle2.Forward(h, context, trace, "middle_block.1"); // [B, C·m, H/2ⁿ, W/2ⁿ]
        h = _middle3.Forward(h, embedding, trace, "middle_block.2"); // [B, C·m, H/2ⁿ, W/2ⁿ]
        trace?.Invoke("middle_block", h);
        for (var i = 0; i < _up.Count; i++)
        {
            using var joined = Join(h, skips.Pop()); // [B, C·m + skip, H/2ⁿ, W/2ⁿ]
            h = _up[i].Forward(joined, embedding, context, skips.TryPeek(out var next) ? next : null, trace, $"output_blocks.{i}"); // [B, C·m, H/2ⁿ, W/2ⁿ]
        }

        return Finish(h, trace).MoveToOuterDisposeScope();
    }

    /// <summary>Gives the weights' memory back.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
    }

    private Stack<long> BuildDown(WeightMap weights, long embedding)
    {
        var channels = Config.ModelChannels;
        var skips = new Stack<long>([channels]);
        var depths = new Queue<int>(Config.InputDepths);
        for (var level = 0; level < Config.ChannelMultipliers.Count; level++)
        {
            if (level > 0)
            {
                _down.Add(new Stage { Down = new Conv2d(weights[$"{skips.Count}.0.op"], channels, channels, kernel: 3, stride: 2) });
                skips.Push(channels);
            }

            for (var i = 0; i < Config.ResidualBlocks[level]; i++)
            {
                var outputs = Config.ModelChannels * Config.ChannelMultipliers[level];
                _down.Add(BuildStage(weights[$"{skips.Count}"], channels, outputs, embedding, depths.Dequeue()));
                channels = outputs;
                skips.Push(channels);
            }
        }

        return skips;
    }

    private void BuildUp(WeightMap weights, long embedding, Stack<long> skips)
    {
        var channels = skips.Peek();
        var depths = new Queue<int>(Config.OutputDepths);
        for (var level = Config.ChannelMultipliers.Count - 1; level >= 0; level--)
        {
            for (var i = 0; i <= Config.ResidualBlocks[level]; i++)
            {
                var outputs = Config.ModelChannels * Config.ChannelMultipliers[level];
                var own = weights[$"{_up.Count}"];
                var stage = BuildStage(own, channels + skips.Pop(), outputs, embedding, depths.Dequeue());
                if (level > 0 && i == Config.ResidualBlocks[level])
                {
                    stage = stage with { Up = new Conv2d(own[stage.Transformer is null ? "1.conv" : "2.conv"], outputs, outputs, kernel: 3) };
                }

                _up.Add(stage);
                channels = outputs;
            }
        }
    }

    private Stage BuildStage(WeightMap weights, long inputs, long outputs, long embedding, int depth) => new()
    {
        Residual = new ResidualBlock(weights["0"], inputs, outputs, embedding, Config.NormGroups),
        Transformer = depth > 0 ? new SpatialTransformer(Config, weights["1"], outputs, depth) : null,
    };

    private Tensor Embed(Tensor timesteps, Tensor? label, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var sinusoids = TimestepEmbedding.Forward(timesteps, Config.ModelChannels); // [B, C]
        trace?.Invoke($"timestep_embedding_{Config.ModelChannels}", sinusoids);
        var h = _time1.Forward(_format.Activation(sinusoids)); // [B, 4·C]
        trace?.Invoke("time_embed.0", h);
        h = silu(h); // [B, 4·C]
        trace?.Invoke("time_embed.1", h);
        h = _time2.Forward(h); // [B, 4·C]
        trace?.Invoke("time_embed.2", h);
        trace?.Invoke("time_embed", h);
        if (_label1 is not null)
        {
            var given = label ?? throw new ArgumentNullException(nameof(label), "this UNet is conditioned on a label vector");
            h = h + _label2!.Forward(silu(_label1.Forward(_format.Activation(given)))); // [B, 4·C]
        }

        return h.MoveToOuterDisposeScope();
    }

    private Tensor Finish(Tensor h, Action<string, Tensor>? trace)
    {
        h = _lastNorm.Forward(h); // [B, C, H, W]
        trace?.Invoke("out.0", h);
        h = silu(h); // [B, C, H, W]
        trace?.Invoke("out.1", h);
        h = _last.Forward(h); // [B, output channels, H, W]
        trace?.Invoke("out.2", h);
        trace?.Invoke("out", h);
        return ComputeFormat.Result(h);
    }

    /// <summary>Concatenates channels and lets go of both parts.</summary>
    private static Tensor Join(Tensor h, Tensor skip)
    {
        using (h)
        {
            using (skip)
            {
                return cat([h, skip], 1);
            }
        }
    }

    /// <summary>One numbered entry of <c>input_blocks</c> or <c>output_blocks</c>.</summary>
    private sealed record Stage
    {
        public ResidualBlock? Residual { get; init; }

        public SpatialTransformer? Transformer { get; init; }

        public Conv2d? Down { get; init; }

        public Conv2d? Up { get; init; }

        /// <summary><paramref name="target"/>: the next skip connection, whose exact size an upsampling goes to (sizes may be odd).</summary>
        public Tensor Forward(Tensor x, Tensor embedding, Tensor context, Tensor? target, Action<string, Tensor>? trace, string name)
        {
            using var scope = NewDisposeScope();
            var h = Down?.Forward(x) ?? x; // [B, C, H/2, W/2]
            if (Down is not null)
            {
                trace?.Invoke($"{name}.0", h);
            }

            h = Residual?.Forward(h, embedding, trace, $"{name}.0") ?? h; // [B, C, H, W]
            h = Transformer?.Forward(h, context, trace, $"{name}.1") ?? h; // [B, C, H, W]
            if (Up is not null)
            {
                h = Up.Forward(interpolate(h, target!.shape[2..], mode: InterpolationMode.Nearest)); // [B, C, 2·H, 2·W]
                trace?.Invoke($"{name}.{(Transformer is null ? 1 : 2)}", h);
            }

            trace?.Invoke(name, h);
            return h.MoveToOuterDisposeScope();
        }
    }
}
