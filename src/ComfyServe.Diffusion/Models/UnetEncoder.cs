using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>The way down and the middle of a <see cref="Unet"/>, which a <see cref="ControlNet"/> has too.</summary>
internal sealed class UnetEncoder
{
    private readonly UnetConfig _config;
    private readonly ComputeFormat _format;
    private readonly Linear _time1;
    private readonly Linear _time2;
    private readonly Linear? _label1;
    private readonly Linear? _label2;
    private readonly Conv2d _first;
    private readonly List<UnetStage> _down = [];
    private readonly List<long> _channels = [];
    private readonly ResidualBlock _middle1;
    private readonly SpatialTransformer _middle2;
    private readonly ResidualBlock _middle3;

    public UnetEncoder(UnetConfig config, WeightMap weights, ComputeFormat format)
    {
        (_config, _format) = (config, format);
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
        BuildDown(weights["input_blocks"]);
        var channels = _channels[^1];
        var middle = weights["middle_block"];
        _middle1 = new ResidualBlock(middle["0"], channels, channels, embedding, config.NormGroups);
        _middle2 = new SpatialTransformer(config, middle["1"], channels, config.MiddleDepth);
        _middle3 = new ResidualBlock(middle["2"], channels, channels, embedding, config.NormGroups);
    }

    /// <summary>Channels of the result of each of <c>input_blocks</c>.</summary>
    public IReadOnlyList<long> Channels => _channels;

    /// <summary>The activated embedding of timesteps and label, [B, 4·C].</summary>
    public Tensor Embed(Tensor timesteps, Tensor? label, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var sinusoids = TimestepEmbedding.Forward(timesteps, _config.ModelChannels); // [B, C]
        trace?.Invoke($"timestep_embedding_{_config.ModelChannels}", sinusoids);
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

        return silu(h).MoveToOuterDisposeScope();
    }

    /// <summary>From latents to the middle.</summary>
    /// <param name="x">In the format, [B, input channels, H, W].</param>
    /// <param name="embedding">Of <see cref="Embed"/>.</param>
    /// <param name="context">In the format, [B, N, context width].</param>
    /// <param name="hint">What is added to the first block's result, [B, C, H, W]; null for nothing.</param>
    /// <param name="trace">Sees each block's result under its checkpoint name.</param>
    /// <returns>The result of each of <c>input_blocks</c>, the last on top, and the middle's, all in the caller's dispose scope.</returns>
    public (Stack<Tensor> Skips, Tensor Middle) Forward(Tensor x, Tensor embedding, Tensor context, Tensor? hint, Action<string, Tensor>? trace)
    {
        var h = _first.Forward(x); // [B, C, H, W]
        trace?.Invoke("input_blocks.0.0", h);
        if (hint is not null)
        {
            h = h + hint; // [B, C, H, W]
        }

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
        return (skips, h);
    }

    private void BuildDown(WeightMap weights)
    {
        var channels = _config.ModelChannels;
        _channels.Add(channels);
        var depths = new Queue<int>(_config.InputDepths);
        for (var level = 0; level < _config.ChannelMultipliers.Count; level++)
        {
            if (level > 0)
            {
                _down.Add(new UnetStage { Down = new Conv2d(weights[$"{_channels.Count}.0.op"], channels, channels, kernel: 3, stride: 2) });
                _channels.Add(channels);
            }

            for (var i = 0; i < _config.ResidualBlocks[level]; i++)
            {
                var outputs = _config.ModelChannels * _config.ChannelMultipliers[level];
                _down.Add(UnetStage.Build(_config, weights[$"{_channels.Count}"], channels, outputs, depths.Dequeue()));
                channels = outputs;
                _channels.Add(channels);
            }
        }
    }
}
