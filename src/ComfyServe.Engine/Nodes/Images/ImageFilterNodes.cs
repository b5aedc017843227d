using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Nodes that filter and blend images.</summary>
[NodeFamily("comfy_extras.nodes_post_processing", Schema = NodeSchema.V3)]
internal static class ImageFilterNodes
{
    private const string Category = "image/postprocessing";

    [Node("ImageBlend", Category = Category, Memory = nameof(NodeMemory.OfBlend), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Blend(
        ImageBatch image1,
        ImageBatch image2,
        [Input(Default = 0.5, Min = 0.0, Max = 1.0, Step = 0.01)] double blend_factor,
        [Choices("normal", "multiply", "screen", "overlay", "soft_light", "difference")] string blend_mode)
    {
        var first = image1.Tensor;
        var second = ImageChannels.Match(image2.Tensor, first);
        if (!first.shape.SequenceEqual(second.shape))
        {
            second = Resampling.UpscaleImages(second, image1.Width, image1.Height, "bicubic", centerCrop: true);
        }

        var blended = BlendModes.Apply(first, second, blend_mode);
        return new ImageBatch(((first * (1 - blend_factor)) + (blended * blend_factor)).clamp_(0, 1));
    }

    [Node("ImageBlur", Category = Category, Memory = nameof(NodeMemory.OfBlur), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Blur(
        ImageBatch image,
        [Input(Default = 1, Min = 1, Max = 31, Step = 1)] long blur_radius,
        [Input(Default = 1.0, Min = 0.1, Max = 10.0, Step = 0.1)] double sigma) =>
        new(Filter(image.Tensor, GaussianKernel.Create(blur_radius, sigma)));

    [Node("ImageSharpen", Category = Category, Memory = nameof(NodeMemory.OfSharpen), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Sharpen(
        ImageBatch image,
        [Input(Default = 1, Min = 1, Max = 31, Step = 1)] long sharpen_radius,
        [Input(Default = 1.0, Min = 0.1, Max = 10.0, Step = 0.01)] double sigma,
        [Input(Default = 1.0, Min = 0.0, Max = 5.0, Step = 0.01)] double alpha) =>
        new(Filter(image.Tensor, GaussianKernel.CreateSharpening(sharpen_radius, sigma, alpha * 10)).clamp_(0, 1));

    [Node("Canny", Category = "image/preprocessors", Module = "comfy_extras.nodes_canny", MemoryFactor = 16)]
    public static ImageBatch FindEdges(
        ImageBatch image,
        [Input(Default = 0.4, Min = 0.01, Max = 0.99, Step = 0.01)] double low_threshold,
        [Input(Default = 0.8, Min = 0.01, Max = 0.99, Step = 0.01)] double high_threshold)
    {
        var edges = CannyEdges.Find(image.Tensor.permute(0, 3, 1, 2), low_threshold, high_threshold);
        return new ImageBatch(edges.repeat(1, 3, 1, 1).permute(0, 2, 3, 1).contiguous());
    }

    [Node("Morphology", Display = "ImageMorphology", Category = Category, Module = "comfy_extras.nodes_morphology", Memory = nameof(NodeMemory.OfMorphology), MemorySource = typeof(NodeMemory))]
    public static ImageBatch Morphology(
        ImageBatch image,
        [Choices("erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat")] string operation,
        [Input(Default = 3, Min = 3, Max = 999, Step = 1)] long kernel_size)
    {
        var pixels = image.Tensor.permute(0, 3, 1, 2);
        var result = operation switch
        {
            "erode" => Erode(pixels),
            "dilate" => Dilate(pixels),
            "open" => Dilate(Erode(pixels)),
            "close" => Erode(Dilate(pixels)),
            "gradient" => Dilate(pixels) - Erode(pixels),
            "top_hat" => pixels - Dilate(Erode(pixels)),
            "bottom_hat" => Erode(Dilate(pixels)) - pixels,
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "unknown morphology operation"),
        };
        return new ImageBatch(result.permute(0, 2, 3, 1).contiguous());

        Tensor Dilate(Tensor images) => MorphologyFilter.Dilate(images, kernel_size);
        Tensor Erode(Tensor images) => MorphologyFilter.Erode(images, kernel_size);
    }

    [Node("ImageAddNoise", Category = "image", Module = "comfy_extras.nodes_images", Schema = NodeSchema.V1, MemoryFactor = 5)]
    public static ImageBatch AddNoise(
        ImageBatch image,
        [Input(Default = 0, Min = 0, Max = ulong.MaxValue, ControlAfterGenerate = true, Tooltip = "Seed of the noise.")] ulong seed,
        [Input(Default = 0.5, Min = 0.0, Max = 1.0, Step = 0.01)] double strength)
    {
        using var generator = new Generator(seed);
        var noise = randn(image.Tensor.shape, generator: generator);
        Interruption.Check();
        noise.mul_(strength);
        Interruption.Check();
        return new ImageBatch(noise.add_(image.Tensor).clamp_(0, 1));
    }

    private static Tensor Filter(Tensor images, Tensor kernel) =>
        GaussianKernel.Apply(images.permute(0, 3, 1, 2), kernel).permute(0, 2, 3, 1).contiguous();
}
