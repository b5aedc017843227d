using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>A network that steers a <see cref="Unet"/> by an image: edges, depth, poses. It sees what the UNet sees and the image, and
/// gives what to add to the UNet's skip connections (Zhang et al. 2023, "Adding conditional control to text-to-image diffusion
/// models"). Names are those of the original files.</summary>
public sealed class ControlNet : IDisposable
{
    private const string FilePrefix = "control_model.";

    // Three of the eight convolutions halve the image: pixels become latent cells.
    private static readonly int[] HintStrides = [1, 1, 2, 1, 2, 1, 2, 1];
    private readonly ComputeFormat _format;
    private readonly IReadOnlyCollection<Tensor> _owned;
    private readonly UnetEncoder _encoder;
    private readonly List<Conv2d> _hint = [];
    private readonly List<Conv2d> _outputs = [];
    private readonly Conv2d _middle;

    /// <summary>Takes the weights; names start with <c>input_blocks.</c>, <c>input_hint_block.</c>, <c>zero_convs.</c> and so on.</summary>
    /// <exception cref="CheckpointException">Weights are missing or have other shapes; the message names all of them.</exception>
    public ControlNet(UnetConfig config, WeightMap weights, ComputeFormat format)
    {
        (Config, _format) = (config, format);
        _encoder = new UnetEncoder(config, weights, format);
        long channels = HintChannels;
        for (var i = 0; i < HintStrides.Length; i++)
        {
            var own = weights[$"input_hint_block.{2 * i}"];
            var outputs = i == HintStrides.Length - 1 ? config.ModelChannels : own.ShapeOf("weight") is [var width, ..] ? width : channels;
            _hint.Add(new Conv2d(own, channels, outputs, kernel: 3, stride: HintStrides[i]));
            channels = outputs;
        }

        for (var i = 0; i < _encoder.Channels.Count; i++)
        {
            _outputs.Add(new Conv2d(weights[$"zero_convs.{i}.0"], _encoder.Channels[i], _encoder.Channels[i], kernel: 1));
        }

        _middle = new Conv2d(weights["middle_block_out.0"], _encoder.Channels[^1], _encoder.Channels[^1], kernel: 1);
        weights.ThrowIfIncomplete();
        _owned = weights.Owned;
    }

    /// <summary>Channels of the image.</summary>
    public const int HintChannels = 3;

    /// <summary>Pixels of the image for each latent cell.</summary>
    public const int HintScale = 8;

    /// <summary>The sizes; those of the way up do not count.</summary>
    public UnetConfig Config { get; }

    /// <summary>Bytes of memory that the weights take.</summary>
    public long ByteSize => _owned.Sum(t => t.numel() * t.element_size());

    /// <summary>Loads a file.</summary>
    /// <param name="path">A .safetensors file in the original's layout.</param>
    /// <param name="format">What to compute in.</param>
    /// <param name="verdicts">What the kernel self-test knows of this machine and adds to; null: what is remembered of it.</param>
    /// <exception cref="CheckpointException">The file is corrupt, incomplete, or holds something else.</exception>
    public static ControlNet Load(string path, ComputeFormat format, KernelVerdicts? verdicts = null)
    {
        using var file = SafetensorsFile.Open(path);
        var root = new WeightMap(new FileWeights(file, format), new CheckedKernels(Kernels.Torch, verdicts ?? KernelVerdicts.ForThisMachine()));
        if (root.Contains("controlnet_cond_embedding.conv_in.weight"))
        {
            throw new CheckpointException($"'{path}' is a ControlNet in the layout of the 'diffusers' library, which is not supported; use the original's file, whose names begin with 'control_model.' or 'input_blocks.'");
        }

        var weights = root.Model(root.Contains($"{FilePrefix}input_hint_block.0.weight") ? FilePrefix : "");
        return weights.Contains("input_hint_block.0.weight")
            ? new ControlNet(UnetConfig.InferEncoder(weights, file.Metadata), weights, format)
            : throw new CheckpointException($"'{path}' holds no ControlNet: 'input_hint_block.0.weight' is missing");
    }

    /// <summary>Whether it was made for UNets of these sizes.</summary>
    public bool Fits(UnetConfig unet)
    {
        ArgumentNullException.ThrowIfNull(unet);
        return Config.ModelChannels == unet.ModelChannels
            && Config.ContextWidth == unet.ContextWidth
            && Config.InputChannels == unet.InputChannels
            && Config.ChannelMultipliers.SequenceEqual(unet.ChannelMultipliers)
            && Config.ResidualBlocks.SequenceEqual(unet.ResidualBlocks);
    }

    /// <summary>What to add to the UNet.</summary>
    /// <param name="x">Scaled noisy latents, as the UNet gets them, [B, input channels, H, W].</param>
    /// <param name="hint">The image, [B, 3, 8·H, 8·W], 0 to 1.</param>
    /// <param name="timesteps">Timesteps [B], 0 to 999.</param>
    /// <param name="context">Conditioning [B, N, context width].</param>
    /// <returns>Tensors in the caller's dispose scope.</returns>
    public ControlResiduals Forward(Tensor x, Tensor hint, Tensor timesteps, Tensor context)
    {
        using var scope = NewDisposeScope();
        var embedding = _encoder.Embed(timesteps, null, null); // [B, 4·C]
        var (skips, middle) = _encoder.Forward(_format.Activation(x), embedding, _format.Activation(context), Guide(hint), null);
        var residuals = new Tensor[skips.Count];
        while (skips.TryPop(out var skip))
        {
            residuals[skips.Count] = _outputs[skips.Count].Forward(skip).MoveToOuterDisposeScope(); // [B, C·m, H/2ⁿ, W/2ⁿ]
        }

        return new ControlResiduals(residuals, _middle.Forward(middle).MoveToOuterDisposeScope());
    }

    /// <summary>Gives the weights' memory back.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
    }

    /// <summary>[B, 3, 8·H, 8·W] → [B, C, H, W].</summary>
    private Tensor Guide(Tensor hint)
    {
        using var scope = NewDisposeScope();
        var h = _format.Activation(hint);
        for (var i = 0; i < _hint.Count; i++)
        {
            h = _hint[i].Forward(h);
            h = i == _hint.Count - 1 ? h : silu(h);
        }

        return h.MoveToOuterDisposeScope();
    }
}
