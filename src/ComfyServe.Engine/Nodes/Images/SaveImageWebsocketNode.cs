using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Sends images to the client that posted the prompt, as binary messages, and keeps none.</summary>
internal static class SaveImageWebsocketNode
{
    private const int Compression = 6;

    [Node("SaveImageWebsocket", Category = "api/image", Module = "custom_nodes.websocket_image_save", IsOutput = true, IsChanged = nameof(Never), MemoryFactor = 1)]
    public static Ui Send(ImageBatch images, NodeContext context)
    {
        for (var index = 0; index < images.Count; index++)
        {
            using var pixels = images.Tensor[index];
            using var png = new MemoryStream();
            PngWriter.Write(png, PixelTensors.ToBytes(pixels), (int)images.Width, (int)images.Height, (int)images.Channels, Compression, []);

            // Counted from 0, as ComfyUI's node does.
            context.ShowImage(index, images.Count, png.ToArray());
        }

        return new Ui();
    }

    /// <summary>A picture that was sent once is gone: the node runs again each time.</summary>
    private static double Never(NodeContext context) => context.Clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
