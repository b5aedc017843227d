using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.SampleNodes;

/// <summary>Nodes that colour images.</summary>
[NodeFamily("comfyserve_sample_nodes")]
public static class TintNodes
{
    /// <summary>Mixes every pixel with one colour.</summary>
    /// <param name="image">Images, [N, H, W, C].</param>
    /// <param name="red">Red of the colour, 0 to 1.</param>
    /// <param name="green">Green of the colour.</param>
    /// <param name="blue">Blue of the colour.</param>
    /// <param name="strength">0: the image as it is; 1: the colour alone.</param>
    /// <returns>Images of the same shape; alpha is kept.</returns>
    [Node("SampleTint", Display = "Tint (sample)", Category = "sample", Description = "Mixes every pixel with one colour.")]
    public static ImageBatch Tint(
        ImageBatch image,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double red,
        [Input(Default = 0.5, Min = 0.0, Max = 1.0, Step = 0.01)] double green,
        [Input(Default = 0.0, Min = 0.0, Max = 1.0, Step = 0.01)] double blue,
        [Input(Default = 0.5, Min = 0.0, Max = 1.0, Step = 0.01)] double strength)
    {
        ArgumentNullException.ThrowIfNull(image);
        var colour = torch.tensor(new[] { (float)red, (float)green, (float)blue }); // [3]
        var pixels = image.Tensor.narrow(3, 0, 3); // [N, H, W, 3]
        var tinted = (pixels * (1 - strength)) + (colour * strength); // [N, H, W, 3]
        return new ImageBatch(image.Channels == 3 ? tinted : torch.cat([tinted, image.Tensor.narrow(3, 3, 1)], 3));
    }
}
