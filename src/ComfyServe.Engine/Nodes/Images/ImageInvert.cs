using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Images;

internal static class ImageInvert
{
    [Node("ImageInvert", Display = "Invert Image", Category = "image")]
    public static ImageBatch Invert(ImageBatch image) => new(1.0f - image.Tensor);
}
