using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Previews;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Previews;

public sealed class LatentPreviewTests
{
    public LatentPreviewTests() => TorchRuntime.Initialize();

    [Fact]
    public void Mix_OnePixel_IsComfyUIsColour() => Assert.Equal([58, 37, 0], LatentPreview.Mix([1f, -1f, 0.5f, 2f], 1, 1).Rgb);

    [Fact]
    public void Mix_Zero_IsMiddleGrey() => Assert.Equal([127, 127, 127], LatentPreview.Mix([0f, 0f, 0f, 0f], 1, 1).Rgb);

    [Fact]
    public void TryRead_Batch_ShowsTheFirst()
    {
        using var latents = torch.zeros(2, 4, 3, 5);
        latents[1].fill_(9);

        var picture = LatentPreview.TryRead(latents)!;

        Assert.Equal((5, 3), (picture.Width, picture.Height));
        Assert.All(picture.Rgb, b => Assert.Equal(127, b));
    }

    [Fact]
    public void TryRead_OtherChannels_HasNoPicture()
    {
        using var latents = torch.zeros(1, 16, 8, 8);

        Assert.Null(LatentPreview.TryRead(latents));
    }

    [Theory]
    [InlineData(8, 8, 512, 512)]
    [InlineData(128, 64, 512, 256)]
    [InlineData(96, 160, 307, 512)]
    public void ToJpeg_AnySize_FitsInto512(int width, int height, int expectedWidth, int expectedHeight)
    {
        var jpeg = PreviewImage.ToJpeg(new PreviewPicture(new byte[width * height * 3], width, height));

        var decoded = ImageDecoder.Decode(jpeg, "preview", new ImageLimits());

        Assert.Equal(ImageKind.Jpeg, decoded.Kind);
        Assert.Equal((expectedWidth, expectedHeight), (decoded.Frames[0].Width, decoded.Frames[0].Height));
    }
}
