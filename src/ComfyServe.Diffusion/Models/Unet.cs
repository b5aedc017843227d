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
    private readonly UnetEncoder _encoder;
    private readonly List<UnetStage> _up = [];
    private readonly GroupNorm _lastNorm;
    private readonly Conv2d _last;

    /// <summary>Takes the weights; names start with <c>input_blocks.</c>, <c>time_embed.</c> and so on.</summary>
    /// <exception cref="CheckpointException">Weights are missing or have other shapes; the message names all of them.</exception>
    public Unet(UnetConfig config, WeightMap weights, ComputeFormat format)
    {
        Config = config;
        _format = format;
        var first = config.ModelChannels;
        _encoder = new UnetEncoder(config, weights, format);
        BuildUp(weights["output_blocks"]);
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
    /// <remarks>What <paramref name="control"/> has is added to the skip connections and to the middle's result.</remarks>
    internal Tensor Forward(
        Tensor x, Tensor timesteps, Tensor context, Tensor? label, Action<string, Tensor>? trace, ControlResiduals? control = null)
    {
        using var scope = NewDisposeScope();
        var embedding = _encoder.Embed(timesteps, label, trace); // [B, 4·C]
        context = _format.Activation(context); // [B, N, context width]
        var (skips, h) = _encoder.Forward(_format.Activation(x), embedding, context, null, trace); // [B, C·m, H/2ⁿ, W/2ⁿ]
        if (control is not null)
        {
            h = h + control.Middle; // [B, C·m, H/2ⁿ, W/2ⁿ]
        }

        for (var i = 0; i < _up.Count; i++)
        {
            using var joined = Join(h, Controlled(skips.Pop(), control?.Skips[skips.Count])); // [B, C·m + skip, H/2ⁿ, W/2ⁿ]
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

    private void BuildUp(WeightMap weights)
    {
        var skips = new Stack<long>(_encoder.Channels);
        var channels = skips.Peek();
        var depths = new Queue<int>(Config.OutputDepths);
        for (var level = Config.ChannelMultipliers.Count - 1; level >= 0; level--)
        {
            for (var i = 0; i <= Config.ResidualBlocks[level]; i++)
            {
                var outputs = Config.ModelChannels * Config.ChannelMultipliers[level];
                var own = weights[$"{_up.Count}"];
                var stage = UnetStage.Build(Config, own, channels + skips.Pop(), outputs, depths.Dequeue());
                if (level > 0 && i == Config.ResidualBlocks[level])
                {
                    stage = stage with { Up = new Conv2d(own[stage.Transformer is null ? "1.conv" : "2.conv"], outputs, outputs, kernel: 3) };
                }

                _up.Add(stage);
                channels = outputs;
            }
        }
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

    private static Tensor Controlled(Tensor skip, Tensor? residual)
    {
        if (residual is null)
        {
            return skip;
        }

        using (skip)
        {
            return skip + residual;
        }
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
}
