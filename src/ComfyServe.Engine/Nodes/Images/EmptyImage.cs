using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

internal static class EmptyImage
{
    [Node("EmptyImage", Category = "image", Memory = nameof(NodeMemory.OfEmptyImage), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Create(
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long width,
        [Input(Default = 512, Min = 1, Max = 16384, Step = 1)] long height,
        [Input(Default = 1, Min = 1, Max = 4096)] long batch_size,
        [Input(Default = 0, Min = 0, Max = 0xFFFFFF, Step = 1, Display = "color")] long color)
    {
        var rgb = tensor((float[])[Level(color >> 16), Level(color >> 8), Level(color)]); // [3]
        return new ImageBatch(LargeTensors.Spread(rgb, batch_size, height, width, 3));
    }

    private static float Level(long color) => (float)((color & 0xFF) / 255.0);
}
