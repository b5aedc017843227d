using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using ComfyServe.Workflows.Formats;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Workflows.Tests.Formats;

public sealed class WorkflowTextTests
{
    private const string Prompt = """{"1": {"class_type": "A", "inputs": {}, "is_changed": [NaN]}}""";

    [Fact]
    public void Read_PictureOfComfyUi_GivesWhatRan()
    {
        var file = Png(Chunk("tEXt", [.. "workflow\0"u8, .. """{"nodes": [], "links": []}"""u8]), Chunk("tEXt", [.. "prompt\0"u8, .. Encoding.UTF8.GetBytes(Prompt)]));

        using var document = JsonDocument.Parse(WorkflowText.Read(file));

        Assert.True(WorkflowText.IsPicture(file));
        Assert.Equal(WorkflowFormat.Api, WorkflowEnvelope.Open(document.RootElement)!.Format);
        Assert.Equal(WorkflowFormat.Editor, WorkflowEnvelope.Open(document.RootElement, WorkflowFormat.Editor)!.Format);
    }

    [Fact]
    public void Read_PackedAndInternationalTexts_AreReadToo()
    {
        var file = Png(Chunk("zTXt", [.. "prompt\0\0"u8, .. Pack("""{"1": {"class_type": "B"}}""")]), Chunk("iTXt", [.. "workflow\0\u0001\0\0\0"u8, .. Pack("""{"nodes": [{"title": "ü"}]}""")]));

        using var document = JsonDocument.Parse(WorkflowText.Read(file));

        Assert.Equal("B", document.RootElement.GetProperty("prompt").GetProperty("1").GetProperty("class_type").GetString());
        Assert.Equal("ü", document.RootElement.GetProperty("workflow").GetProperty("nodes")[0].GetProperty("title").GetString());
    }

    [Fact]
    public void Read_PictureWithoutAWorkflow_SaysSo()
    {
        var error = Assert.Throws<WorkflowFormatException>(() => WorkflowText.Read(Png(Chunk("tEXt", [.. "prompt\0"u8, .. "a red circle"u8]))));

        Assert.Contains("a picture without a workflow", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OtherPicture_SaysWhatIsRead()
    {
        var error = Assert.Throws<WorkflowFormatException>(() => WorkflowText.Read(new byte[] { 0xFF, 0xD8, 0xFF, 0xE0, 0, 0 }));

        Assert.Contains("JPEG", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TextsThatClaimGigabytes_StopsEarly()
    {
        var bomb = Chunk("zTXt", [.. "workflow\0\0"u8, .. Pack(new string(' ', 16 << 20))]);

        var texts = PngTextReader.Read(Png([.. Enumerable.Repeat(bomb, 50)]));

        Assert.InRange(texts.Count, 1, 4);
    }

    private static byte[] Png(params byte[][] chunks) => [.. PngTextReader.Signature, .. chunks.SelectMany(static c => c)];

    private static byte[] Chunk(string type, byte[] content)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        return [.. length, .. Encoding.ASCII.GetBytes(type), .. content, 0, 0, 0, 0];
    }

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest))
        {
            zlib.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }
}
