using System.Globalization;
using ComfyServe.Diffusion.Checkpoints;

namespace ComfyServe.Diffusion.Models;

/// <summary>Sizes of a UNet of the latent-diffusion family. The defaults are Stable Diffusion 1.5.</summary>
public sealed record UnetConfig
{
    /// <summary>Key of a checkpoint's metadata that gives the number of attention heads at every level.</summary>
    public const string HeadsKey = "comfyserve.num_heads";

    /// <summary>Key of a checkpoint's metadata that gives the channels per head, where their number grows with the level.</summary>
    public const string HeadChannelsKey = "comfyserve.num_head_channels";

    /// <summary>Key of a checkpoint's metadata that gives the groups of the group norms, where they are not 32.</summary>
    public const string NormGroupsKey = "comfyserve.norm_groups";

    /// <summary>Channels of the input: 4; 9 for inpainting models.</summary>
    public long InputChannels { get; init; } = 4;

    /// <summary>Channels of the predicted noise.</summary>
    public long OutputChannels { get; init; } = 4;

    /// <summary>Channels at the first level; a multiple of 32.</summary>
    public long ModelChannels { get; init; } = 320;

    /// <summary>Channels of each level as multiples of <see cref="ModelChannels"/>. Each level after the first halves the size.</summary>
    public IReadOnlyList<int> ChannelMultipliers { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks of each level on the way down; there is one more on the way up.</summary>
    public IReadOnlyList<int> ResidualBlocks { get; init; } = [2, 2, 2, 2];

    /// <summary>Transformer blocks after each residual block on the way down, 0 for none.</summary>
    public IReadOnlyList<int> InputDepths { get; init; } = [1, 1, 1, 1, 1, 1, 0, 0];

    /// <summary>Transformer blocks in the middle, 1 or more.</summary>
    public int MiddleDepth { get; init; } = 1;

    /// <summary>Transformer blocks after each residual block on the way up, in the order of <c>output_blocks</c>.</summary>
    public IReadOnlyList<int> OutputDepths { get; init; } = [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1];

    /// <summary>Width of the conditioning's tokens.</summary>
    public long ContextWidth { get; init; } = 768;

    /// <summary>Attention heads at every level; not used where <see cref="HeadChannels"/> is given.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Channels per head; 0 where the number of heads is fixed.</summary>
    public int HeadChannels { get; init; }

    /// <summary>Whether transformers project with linear layers (SD 2, SDXL) instead of 1×1 convolutions.</summary>
    public bool LinearProjections { get; init; }

    /// <summary>Width of the extra vector conditioning (SDXL's <c>y</c>); 0 for none.</summary>
    public long LabelWidth { get; init; }

    /// <summary>Groups of every group norm: 32, fewer in models too narrow for that.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Reads the sizes from the shapes of weights, and the heads, which shapes cannot tell, from metadata.</summary>
    /// <param name="weights">Names start with <c>input_blocks.</c>.</param>
    /// <param name="metadata">The checkpoint's strings. Without a key for heads: 8 heads, or 64 channels per head where projections are linear.</param>
    /// <exception cref="CheckpointException">There is no UNet at this place.</exception>
    public static UnetConfig Infer(WeightMap weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (weights.ShapeOf("input_blocks.0.0.weight") is not [var modelChannels, var inputs, _, _]
            || weights.ShapeOf("out.2.weight") is not [var outputs, _, _, _])
        {
            throw new CheckpointException("there is no diffusion UNet in the checkpoint: 'input_blocks.0.0.weight' or 'out.2.weight' is missing");
        }

        return Read(weights, metadata, modelChannels, inputs, outputs);
    }

    /// <summary>As <see cref="Infer"/>, of a network that has only the way down and the middle.</summary>
    /// <exception cref="CheckpointException">There is none at this place.</exception>
    internal static UnetConfig InferEncoder(WeightMap weights, IReadOnlyDictionary<string, string>? metadata) =>
        weights.ShapeOf("input_blocks.0.0.weight") is [var modelChannels, var inputs, _, _]
            ? Read(weights, metadata, modelChannels, inputs, inputs)
            : throw new CheckpointException("there is no diffusion network in the checkpoint: 'input_blocks.0.0.weight' is missing");

    private static UnetConfig Read(
        WeightMap weights, IReadOnlyDictionary<string, string>? metadata, long modelChannels, long inputs, long outputs)
    {
        var multipliers = new List<int> { 1 };
        var residuals = new List<int> { 0 };
        var inputDepths = new List<int>();
        for (var i = 1; ; i++)
        {
            if (weights.Contains($"input_blocks.{i}.0.op.weight"))
            {
                multipliers.Add(1);
                residuals.Add(0);
            }
            else if (weights.ShapeOf($"input_blocks.{i}.0.out_layers.3.weight") is [var channels, _, _, _])
            {
                multipliers[^1] = (int)(channels / modelChannels);
                residuals[^1]++;
                inputDepths.Add(DepthOf(weights, $"input_blocks.{i}.1"));
            }
            else
            {
                break;
            }
        }

        var outputDepths = new List<int>();
        while (weights.Contains($"output_blocks.{outputDepths.Count}.0.out_layers.3.weight"))
        {
            outputDepths.Add(DepthOf(weights, $"output_blocks.{outputDepths.Count}.1"));
        }

        var middle = weights.ShapeOf("middle_block.1.proj_in.weight");
        var headChannels = (int)Number(metadata, HeadChannelsKey, metadata?.ContainsKey(HeadsKey) != true && middle?.Count == 2 ? 64 : 0);
        return new UnetConfig
        {
            InputChannels = inputs,
            OutputChannels = outputs,
            ModelChannels = modelChannels,
            ChannelMultipliers = multipliers,
            ResidualBlocks = residuals,
            InputDepths = inputDepths,
            MiddleDepth = DepthOf(weights, "middle_block.1"),
            OutputDepths = outputDepths,
            ContextWidth = weights.ShapeOf("middle_block.1.transformer_blocks.0.attn2.to_k.weight") is [_, var context] ? context : 0,
            Heads = (int)Number(metadata, HeadsKey, 8),
            HeadChannels = headChannels,
            NormGroups = (int)Number(metadata, NormGroupsKey, 32),
            LinearProjections = middle?.Count == 2,
            LabelWidth = weights.ShapeOf("label_emb.0.0.weight") is [_, var label] ? label : 0,
        };
    }

    /// <summary>Number of attention heads for so many channels.</summary>
    public int HeadsFor(long channels) => HeadChannels > 0 ? (int)(channels / HeadChannels) : Heads;

    private static int DepthOf(WeightMap weights, string transformer)
    {
        var depth = 0;
        while (weights.Contains($"{transformer}.transformer_blocks.{depth}.norm1.weight"))
        {
            depth++;
        }

        return depth;
    }

    internal static long Number(IReadOnlyDictionary<string, string>? metadata, string key, long otherwise)
    {
        if (metadata is null || !metadata.TryGetValue(key, out var text))
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new CheckpointException($"the checkpoint's metadata has '{key}' = '{text}', which is not a number above 0");
    }
}
