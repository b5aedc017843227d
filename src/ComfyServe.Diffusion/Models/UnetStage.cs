using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Models;

/// <summary>One numbered entry of <c>input_blocks</c> or <c>output_blocks</c>.</summary>
internal sealed record UnetStage
{
    public ResidualBlock? Residual { get; init; }

    public SpatialTransformer? Transformer { get; init; }

    public Conv2d? Down { get; init; }

    public Conv2d? Up { get; init; }

    /// <summary>A residual block and as many transformer blocks as <paramref name="depth"/>.</summary>
    public static UnetStage Build(UnetConfig config, WeightMap weights, long inputs, long outputs, int depth) => new()
    {
        Residual = new ResidualBlock(weights["0"], inputs, outputs, 4 * config.ModelChannels, config.NormGroups),
        Transformer = depth > 0 ? new SpatialTransformer(config, weights["1"], outputs, depth) : null,
    };

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
