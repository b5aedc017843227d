using System.Text.Json.Nodes;
using ComfyServe.Engine.Images;
using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Images;

/// <summary>Files of all formats and modes against what Pillow 9.4 makes of them in ComfyUI's LoadImage.</summary>
public sealed class PillowFilesTests
{
    private static readonly JsonObject Expected = JsonNode.Parse(File.ReadAllText(RepositoryRoot.Data("images", "expected.json")))!.AsObject();

    public static TheoryData<string> Files() => [.. Expected.Select(e => e.Key)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Decode_FileThatPillowReads_GivesItsPixels(string name)
    {
        var expected = Expected[name]!;

        var image = ImageDecoder.Decode(File.ReadAllBytes(RepositoryRoot.Data("images", name)), name, new ImageLimits());

        var frames = image.Frames.Where(f => f.Width == image.Frames[0].Width && f.Height == image.Frames[0].Height).ToList();
        Assert.Equal(((int)expected["width"]!, (int)expected["height"]!), (frames[0].Width, frames[0].Height));
        Assert.Equal(expected["frames"]!.AsArray().Count, frames.Count);
        foreach (var (frame, wanted) in frames.Zip(expected["frames"]!.AsArray()))
        {
            AssertNear(Convert.FromBase64String((string)wanted!["rgb"]!), frame.Rgb, Tolerance(name));
            Assert.Equal(wanted["alpha"] is not null, frame.HasAlphaChannel);
            if ((string?)wanted["alpha"] is { } alpha)
            {
                AssertNear(Convert.FromBase64String(alpha), frame.Alpha!, Tolerance(name));
            }
        }
    }

    [Theory]
    [InlineData("a.avif")]
    [InlineData("a.heic")]
    [InlineData("bmp.ico")]
    [InlineData("cut9.gif")]
    [InlineData("cutanim.gif")]
    public void Decode_FileThatOtherPillowsReadOrUsersWant_GivesAPicture(string name)
    {
        var image = ImageDecoder.Decode(File.ReadAllBytes(RepositoryRoot.Data("images", name)), name, new ImageLimits());

        Assert.Contains(image.Frames[0].Rgb, static sample => sample > 0);
    }

    [Fact]
    public void Decode_PagesOfManyModes_GivesThoseOfTheFirstOnesSize()
    {
        var image = ImageDecoder.Decode(File.ReadAllBytes(RepositoryRoot.Data("images", "pages-mixed.tiff")), "pages-mixed.tiff", new ImageLimits());

        Assert.Equal(8, image.Frames.Count);
        Assert.Equal(7, LoadedImages.Images(image).shape[0]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Decode_AnyFileCutAndDamagedAnywhere_GivesAPictureOrSaysWhatIsWrong(string name)
    {
        var file = File.ReadAllBytes(RepositoryRoot.Data("images", name));
        var random = new Random(5);

        for (var round = 0; round < 12; round++)
        {
            var damaged = file[..random.Next(1, file.Length)];
            damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            var exception = Record.Exception(() => ImageDecoder.Decode(damaged, name, new ImageLimits { MaxPixels = 100_000 }));
            Assert.True(exception is null or UnidentifiedImageException or BrokenImageException or ImageTooLargeException, exception?.ToString());
        }
    }

    /// <summary>Pillow cuts fractions off where ImageMagick rounds.</summary>
    private static int Tolerance(string name) => name is "g16.pgm" or "rgb555.bmp" or "bf-555.bmp" or "bf-565.bmp" ? 1 : 0;

    private static void AssertNear(byte[] wanted, byte[] got, int tolerance)
    {
        Assert.Equal(wanted.Length, got.Length);
        var worst = wanted.Zip(got, static (w, g) => Math.Abs(w - g)).Max();
        var differ = wanted.Zip(got).Count(p => p.First != p.Second);
        Assert.True(worst <= tolerance, $"{differ} of {wanted.Length} samples differ, the worst by {worst}");
    }
}
