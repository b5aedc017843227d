using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that change between colour spaces.</summary>
/// <remarks>JPEG's full-range YCbCr with the coefficients rounded to three digits, as kornia has them.</remarks>
[NodeFamily("comfy_extras.nodes_morphology", Schema = NodeSchema.V3)]
internal static class ImageColorNodes
{
    private const string Category = "image/batch";

    [Node("ImageRGBToYUV", Category = Category, MemoryFactor = 8)]
    [Outputs("Y", "U", "V")]
    public static (ImageBatch Y, ImageBatch U, ImageBatch V) ToYuv(ImageBatch image)
    {
        var (r, g, b) = (Channel(image, 0), Channel(image, 1), Channel(image, 2));
        var y = (0.299 * r) + (0.587 * g) + (0.114 * b);
        return (Spread(y), Spread(((b - y) * 0.564) + 0.5), Spread(((r - y) * 0.713) + 0.5));
    }

    [Node("ImageYUVToRGB", Category = Category, MemoryFactor = 8)]
    public static ImageBatch ToRgb(ImageBatch Y, ImageBatch U, ImageBatch V)
    {
        var y = Y.Tensor.mean([-1], keepdim: true);
        var cb = U.Tensor.mean([-1], keepdim: true) - 0.5;
        var cr = V.Tensor.mean([-1], keepdim: true) - 0.5;
        return new ImageBatch(cat([y + (1.403 * cr), y - (0.714 * cr) - (0.344 * cb), y + (1.773 * cb)], -1));
    }

    private static Tensor Channel(ImageBatch image, long index) => image.Tensor.narrow(3, index, 1);

    private static ImageBatch Spread(Tensor grey) => new(grey.expand(-1, -1, -1, 3).contiguous());
}
