using ComfyServe.Diffusion.Guidance;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Nodes that combine conditionings and say where and when they apply.</summary>
internal static class ConditioningNodes
{
    private const string Category = "conditioning";
    private const int PixelsPerCell = 8;

    [Node("ConditioningCombine", Display = "Conditioning (Combine)", Category = Category)]
    public static Conditioning Combine(Conditioning conditioning_1, Conditioning conditioning_2, NodeContext context)
    {
        context.Limits.CheckList((long)conditioning_1.Entries.Count + conditioning_2.Entries.Count);
        return new([.. conditioning_1.Entries, .. conditioning_2.Entries]);
    }

    [Node("ConditioningConcat", Display = "Conditioning (Concat)", Category = Category)]
    public static Conditioning Concat(Conditioning conditioning_to, Conditioning conditioning_from)
    {
        var added = conditioning_from.Entries[0].Context;
        return conditioning_to.Map(entry => entry with { Context = cat([entry.Context, added], 1) });
    }

    [Node("ConditioningAverage", Category = Category)]
    public static Conditioning Average(
        Conditioning conditioning_to,
        Conditioning conditioning_from,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double conditioning_to_strength)
    {
        var from = conditioning_from.Entries[0];
        return conditioning_to.Map(entry => entry with
        {
            Context = Mix(entry.Context, Resize(from.Context, entry.Context.shape[1]), conditioning_to_strength),
            Pooled = from.Pooled is null ? entry.Pooled
                : entry.Pooled is null ? from.Pooled
                : Mix(entry.Pooled, from.Pooled, conditioning_to_strength),
        });
    }

    [Node("ConditioningSetArea", Display = "Conditioning (Set Area)", Category = Category)]
    public static Conditioning SetArea(
        Conditioning conditioning,
        [Input(Default = 64, Min = 64, Max = 16384, Step = 8)] long width,
        [Input(Default = 64, Min = 64, Max = 16384, Step = 8)] long height,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 8)] long y,
        [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01)] double strength)
    {
        var area = new ConditioningArea(height / PixelsPerCell, width / PixelsPerCell, y / PixelsPerCell, x / PixelsPerCell, IsFraction: false);
        return conditioning.Map(entry => entry with { Area = area, Strength = strength, IsAreaOfMask = false });
    }

    [Node("ConditioningSetAreaPercentage", Display = "Conditioning (Set Area with Percentage)", Category = Category)]
    public static Conditioning SetAreaPercentage(
        Conditioning conditioning,
        [Input(Default = 1.0, Min = 0, Max = 1.0, Step = 0.01)] double width,
        [Input(Default = 1.0, Min = 0, Max = 1.0, Step = 0.01)] double height,
        [Input(Default = 0, Min = 0, Max = 1.0, Step = 0.01)] double x,
        [Input(Default = 0, Min = 0, Max = 1.0, Step = 0.01)] double y,
        [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01)] double strength)
    {
        var area = new ConditioningArea(height, width, y, x, IsFraction: true);
        return conditioning.Map(entry => entry with { Area = area, Strength = strength, IsAreaOfMask = false });
    }

    [Node("ConditioningSetAreaStrength", Category = Category)]
    public static Conditioning SetAreaStrength(
        Conditioning conditioning, [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01)] double strength) =>
        conditioning.Map(entry => entry with { Strength = strength });

    [Node("ConditioningSetMask", Display = "Conditioning (Set Mask)", Category = Category)]
    public static Conditioning SetMask(
        Conditioning conditioning,
        Mask mask,
        [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01)] double strength,
        [Choices("default", "mask bounds")] string set_cond_area)
    {
        var tensor = mask.Tensor.dim() < 3 ? mask.Tensor.unsqueeze(0) : mask.Tensor;
        return conditioning.Map(entry => entry with { Mask = tensor, MaskStrength = strength, IsAreaOfMask = set_cond_area != "default" });
    }

    [Node("ConditioningZeroOut", Category = "advanced/conditioning")]
    public static Conditioning ZeroOut(Conditioning conditioning) => conditioning.Map(entry => entry with
    {
        Context = zeros_like(entry.Context),
        Pooled = entry.Pooled is null ? null : zeros_like(entry.Pooled),
    });

    [Node("ConditioningSetTimestepRange", Category = "advanced/conditioning")]
    public static Conditioning SetTimestepRange(
        Conditioning conditioning,
        [Input(Default = 0.0, Min = 0.0, Max = 1.0, Step = 0.001)] double start,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.001)] double end) =>
        conditioning.Map(entry => entry with { StartPercent = start, EndPercent = end });

    private static Tensor Mix(Tensor to, Tensor from, double strength) => (to * strength) + (from * (1 - strength));

    /// <summary>The first tokens, or all of them and zeros.</summary>
    private static Tensor Resize(Tensor context, long tokens)
    {
        var missing = tokens - context.shape[1];
        return missing <= 0
            ? context.narrow(1, 0, tokens)
            : cat([context, zeros(context.shape[0], missing, context.shape[2])], 1);
    }
}
