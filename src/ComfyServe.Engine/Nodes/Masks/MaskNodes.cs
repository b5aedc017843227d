using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Masks;

/// <summary>Nodes that make masks and turn them into images and back.</summary>
[NodeFamily("comfy_extras.nodes_mask")]
internal static class MaskNodes
{
    private const string Category = "mask";

    [Node("MaskToImage", Display = "Convert Mask to Image", Category = Category)]
    public static ImageBatch ToImage(Mask mask) =>
        new(mask.Tensor.reshape(-1, mask.Height, mask.Width, 1).expand(-1, -1, -1, 3).contiguous());

    [Node("ImageToMask", Display = "Convert Image to Mask", Category = Category)]
    public static Mask FromImage(ImageBatch image, [Choices("red", "green", "blue", "alpha")] string channel) =>
        new(image.Tensor.select(3, Array.IndexOf(["red", "green", "blue", "alpha"], channel)));

    [Node("ImageColorToMask", Category = Category, MemoryFactor = 12)]
    public static Mask FromColor(
        ImageBatch image, [Input(Default = 0, Min = 0, Max = 0xFFFFFF, Step = 1, Display = "color")] long color)
    {
        var levels = (image.Tensor.clamp(0, 1) * 255).round().to(ScalarType.Int64);
        var packed = (levels.select(3, 0) * 0x10000) + (levels.select(3, 1) * 0x100) + levels.select(3, 2);
        return new Mask((packed == color).to(ScalarType.Float32));
    }

    [Node("SolidMask", Category = Category, Memory = nameof(NodeMemory.OfSolidMask), MemorySource = typeof(NodeMemory))]
    public static Mask Solid(
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double value,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long width,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long height) =>
        new(full([1, height, width], value, ScalarType.Float32));

    [Node("InvertMask", Category = Category)]
    public static Mask Invert(Mask mask) => new(1 - mask.Tensor);

    [Node("CropMask", Category = Category)]
    public static Mask Crop(
        Mask mask,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long y,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long width,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long height) =>
        new(Flat(mask).slice(1, y, y + height, 1).slice(2, x, x + width, 1));

    [Node("ThresholdMask", Category = Category)]
    public static Mask Threshold(Mask mask, [Input(Default = 0.5, Min = 0.0, Max = 1.0, Step = 0.01)] double value) =>
        new((mask.Tensor > value).to(ScalarType.Float32));

    [Node("MaskComposite", Category = Category, MemoryFactor = 6)]
    public static Mask Composite(
        Mask destination,
        Mask source,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long x,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long y,
        [Choices("multiply", "add", "subtract", "and", "or", "xor")] string operation)
    {
        var result = Flat(destination).clone();
        var width = Math.Min(source.Width, destination.Width - x);
        var height = Math.Min(source.Height, destination.Height - y);
        if (width > 0 && height > 0)
        {
            var region = result.narrow(1, y, height).narrow(2, x, width);
            region.copy_(Combine(region, Flat(source).narrow(1, 0, height).narrow(2, 0, width), operation));
        }

        return new Mask(result.clamp_(0, 1));
    }

    [Node("FeatherMask", Category = Category)]
    public static Mask Feather(
        Mask mask,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long left,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long top,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long right,
        [Input(Default = 0, Min = 0, Max = 16384, Step = 1)] long bottom)
    {
        var result = Flat(mask).clone();
        result.mul_(Ramp(mask.Width, left, fromEnd: false) * Ramp(mask.Width, right, fromEnd: true));
        result.mul_((Ramp(mask.Height, top, fromEnd: false) * Ramp(mask.Height, bottom, fromEnd: true)).unsqueeze(-1));
        return new Mask(result);
    }

    [Node("GrowMask", Display = "GrowMask", Category = Category, MemoryFactor = 8)]
    public static Mask Grow(
        Mask mask,
        [Input(Default = 0, Min = -16384, Max = 16384, Step = 1)] long expand,
        [Input(Default = true)] bool tapered_corners,
        NodeContext context)
    {
        // Steps beyond the mask's measures change nothing.
        var steps = Math.Min(Math.Abs(expand), mask.Width + mask.Height);
        var grown = Flat(mask).unsqueeze(1);
        for (var step = 0L; step < steps; step++)
        {
            using var before = step > 0 ? grown : null;
            context.Interrupted.ThrowIfCancellationRequested();
            grown = (expand > 0, tapered_corners) switch
            {
                (true, true) => MorphologyFilter.DilateCross(grown),
                (true, false) => MorphologyFilter.Dilate(grown, 3),
                (false, true) => MorphologyFilter.ErodeCross(grown),
                (false, false) => MorphologyFilter.Erode(grown, 3),
            };
        }

        return new Mask(grown.squeeze(1));
    }

    private static Tensor Flat(Mask mask) => mask.Tensor.reshape(-1, mask.Height, mask.Width);

    private static Tensor Combine(Tensor destination, Tensor source, string operation)
    {
        var (a, b) = (destination.round().to(ScalarType.Bool), source.round().to(ScalarType.Bool));
        return operation switch
        {
            "multiply" => destination * source,
            "add" => destination + source,
            "subtract" => destination - source,
            "and" => (a & b).to(ScalarType.Float32),
            "or" => (a | b).to(ScalarType.Float32),
            "xor" => a.logical_xor(b).to(ScalarType.Float32),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "unknown mask operation"),
        };
    }

    /// <summary>1, 2, … <paramref name="feather"/> over <paramref name="feather"/> inwards from an edge, 1 elsewhere.</summary>
    /// <remarks>
    /// From the end ComfyUI counts positions −0, −1, −2…: its first step falls on position 0 instead of the last one.
    /// Workflows look the way they do because of it, so the ramp does the same.
    /// </remarks>
    private static Tensor Ramp(long length, long feather, bool fromEnd)
    {
        feather = Math.Min(feather, length);
        var factors = new float[length];
        Array.Fill(factors, 1f);
        for (var i = 0L; i < feather; i++)
        {
            var place = fromEnd ? (length - i) % length : i;
            factors[place] *= (float)((i + 1.0) / feather);
        }

        return tensor(factors);
    }
}
