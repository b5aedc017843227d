using ComfyServe.Engine.Images;
using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Images;

public sealed class ImageDecoderTests
{
    private static readonly ImageLimits Limits = new();
    private const string Recorded = "image_latent_mask_ops.safetensors";
    private static readonly Lazy<GoldenTensors> Tensors = new(static () => new GoldenTensors(Recorded));

    private static GoldenTensors Golden => Tensors.Value;

    public static TheoryData<string> Files() => RecordedData.Missing("loadimage", Recorded) is { } reason
        ? [new TheoryDataRow<string>("loadimage") { Skip = reason }]
        : [.. Directory.GetFiles(RecordedData.Golden("loadimage")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [Trait("kind", "comparison")]
    [MemberData(nameof(Files))]
    public void Decode_RecordedFile_GivesTheRecordedTensors(string name)
    {
        Assert.SkipUnless(Golden.Has($"LoadImage/{name}#0"), $"nothing recorded for '{name}'");

        var image = ImageDecoder.Decode(File.ReadAllBytes(RecordedData.Golden("loadimage", name)), name, Limits);

        TensorAssert.Near(Golden[$"LoadImage/{name}#0"], LoadedImages.Images(image), 0);
        TensorAssert.Near(Golden[$"LoadImage/{name}#1"], LoadedImages.Masks(image), 0);
        TensorAssert.Near(Golden[$"LoadImageMask/{name}/alpha#0"], LoadedImages.Channel(image, "alpha"), 0);
    }

    [Fact]
    public void Decode_NoImage_ThrowsUnidentified()
    {
        var exception = Assert.Throws<UnidentifiedImageException>(() => ImageDecoder.Decode("not an image"u8.ToArray(), "a.png", Limits));

        Assert.Equal("cannot identify image file 'a.png'", exception.Message);
    }

    [Fact]
    public void Decode_SignatureWithoutHeader_ThrowsUnidentified()
    {
        byte[] file = [.. PngHeader.Signature, 1, 2, 3];

        Assert.Throws<UnidentifiedImageException>(() => ImageDecoder.Decode(file, "a.png", Limits));
    }

    [Fact]
    public void Decode_MorePixelsThanAllowed_ThrowsTooLarge()
    {
        var file = File.ReadAllBytes(RecordedData.Golden("loadimage", "rgb.png"));

        var exception = Assert.Throws<ImageTooLargeException>(() => ImageDecoder.Decode(file, "a.png", new ImageLimits { MaxPixels = 191 }));

        Assert.Equal("Image size (192 pixels) exceeds limit of 191 pixels, could be decompression bomb DOS attack.", exception.Message);
    }

    [Fact]
    public void Decode_MoreFramesThanAllowed_ThrowsTooLarge()
    {
        var file = File.ReadAllBytes(RecordedData.Golden("loadimage", "anim.webp"));

        Assert.Throws<ImageTooLargeException>(() => ImageDecoder.Decode(file, "a.webp", new ImageLimits { MaxFrames = 1 }));
    }
}
