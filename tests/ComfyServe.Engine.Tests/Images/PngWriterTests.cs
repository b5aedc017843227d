using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using ComfyServe.Engine.Images;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Engine.Tests.Images;

public sealed class PngWriterTests
{
    [Theory]
    [InlineData(1, 1, 3, 4)]
    [InlineData(16, 16, 3, 4)]
    [InlineData(77, 53, 4, 1)]
    [InlineData(70, 9, 1, 9)]
    [InlineData(33, 5, 2, 0)]
    public void Write_Picture_DecodesToTheSamePixels(int width, int height, int channels, int compression)
    {
        var pixels = Gradient(width, height, channels);

        var file = Encode(pixels, width, height, channels, compression, []);

        using var decoded = NetVips.Image.PngloadBuffer(file);
        Assert.Equal((width, height, channels), (decoded.Width, decoded.Height, decoded.Bands));
        Assert.Equal(pixels, decoded.WriteToMemory<byte>());
    }

    [Fact]
    public void Write_Texts_AreUncompressedChunksBeforeThePixels()
    {
        var file = Encode(
            Gradient(4, 4, 3), 4, 4, 3, 4, [new PngText("prompt", """{"1": "caf\u00e9"}"""), new PngText("note", "café"), new PngText("kanji", "猫")]);

        var chunks = Chunks(file);
        Assert.Equal(["IHDR", "tEXt", "tEXt", "iTXt", "IDAT", "IEND"], chunks.Select(c => c.Type));
        Assert.Equal("prompt\0{\"1\": \"caf\\u00e9\"}", Encoding.Latin1.GetString(chunks[1].Data));
        Assert.Equal("note\0café", Encoding.Latin1.GetString(chunks[2].Data));
        Assert.Equal("kanji\0\0\0\0\0猫", Encoding.UTF8.GetString(chunks[3].Data));
    }

    [Theory]
    [InlineData("")]
    [InlineData("猫")]
    public void Write_KeywordThatPngCannotHold_Throws(string keyword)
    {
        Assert.Throws<ArgumentException>(() => Encode(Gradient(4, 4, 3), 4, 4, 3, 4, [new PngText(keyword, "text")]));
    }

    [Fact]
    public void Write_TooFewPixels_Throws()
    {
        Assert.Throws<ArgumentException>(() => Encode(new byte[10], 4, 4, 3, 4, []));
    }

    private static byte[] Encode(byte[] pixels, int width, int height, int channels, int compression, PngText[] texts)
    {
        using var output = new MemoryStream();
        PngWriter.Write(output, pixels, width, height, channels, compression, texts);
        return output.ToArray();
    }

    private static byte[] Gradient(int width, int height, int channels)
    {
        var random = new Random(width);
        var pixels = new byte[width * height * channels];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)((i / channels % width * 3) + (i / (channels * width) * 5) + random.Next(40));
        }

        return pixels;
    }

    private static List<(string Type, byte[] Data)> Chunks(byte[] file)
    {
        var chunks = new List<(string, byte[])>();
        for (var position = 8; position < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(position));
            var body = file.AsSpan(position + 4, length + 4);
            Assert.Equal(BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position + 8 + length)), Crc32.HashToUInt32(body));
            chunks.Add((Encoding.ASCII.GetString(body[..4]), body[4..].ToArray()));
            position += length + 12;
        }

        return chunks;
    }
}
