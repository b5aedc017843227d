using ComfyServe.Engine.Events;

namespace ComfyServe.Engine.Tests.Events;

public sealed class BinaryFramesTests
{
    [Fact]
    public void Text_OfANode_HasComfyUIsLayout()
    {
        var frame = BinaryFrames.Text("3", "width: 16, height: 8\n batch size: 1").ToArray();

        Assert.Equal(44, frame.Length);
        Assert.Equal("000000030000000133", Convert.ToHexString(frame[..9]));
    }

    [Fact]
    public void Preview_Jpeg_StartsWithEventAndFormat() =>
        Assert.Equal("0000000100000001FFD8", Convert.ToHexString(BinaryFrames.Preview([0xFF, 0xD8]).Span));

    [Fact]
    public void PreviewWithMetadata_Jpeg_NamesItsLength() =>
        Assert.Equal("00000004000000027B7DFFD8", Convert.ToHexString(BinaryFrames.PreviewWithMetadata("{}", [0xFF, 0xD8]).Span));
}
