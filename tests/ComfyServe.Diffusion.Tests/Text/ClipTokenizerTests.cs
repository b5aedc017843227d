using ComfyServe.Diffusion.Text;

namespace ComfyServe.Diffusion.Tests.Text;

public sealed class ClipTokenizerTests
{
    [Theory]
    [InlineData("a photo of a cat", "320 1125 539 320 2368")]
    [InlineData("masterpiece, best quality", "12066 267 949 3027")]
    [InlineData("1girl, solo", "272 1611 267 5797")]
    [InlineData("Hello World!", "3306 1002 256")]
    [InlineData("it's 2024", "585 568 273 271 273 275")]
    [InlineData("a_b", "320 318 321")]
    [InlineData("supercalifragilistic", "1642 2857 13093 2076 1561")]
    [InlineData("", "")]
    [InlineData(" \t\r\n\u3000", "")]
    public void Encode_Text_GivesClipIds(string text, string expected)
    {
        var ids = ClipTokenizer.Default.Encode(text);

        Assert.Equal(expected, string.Join(' ', ids));
    }

    [Theory]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("A PHOTO", "a photo")]
    [InlineData("日本語", "日 本 語")]
    [InlineData("a\u200Db\uE000c", "abc")]
    public void Encode_TwoWaysToWriteTheSame_GivesTheSameIds(string one, string other)
    {
        Assert.Equal(ClipTokenizer.Default.Encode(other), ClipTokenizer.Default.Encode(one));
    }

    [Theory]
    [InlineData("!!<|endoftext|>!!")]
    [InlineData("!! <|ENDOFTEXT|> !!")]
    public void Encode_NameOfASpecialToken_GivesItsId(string text)
    {
        var ids = ClipTokenizer.Default.Encode(text);

        Assert.Equal(1, ids.Count(id => id == ClipTokenizer.EndId));
        Assert.Equal(3, ids.Count);
    }

    [Fact]
    public void Vocabulary_OfTheResource_HasAllTokensButTheSpecialOnes()
    {
        var encoder = new BytePairEncoder(EmbeddedText.ReadLines("clip-merges.txt"));

        Assert.Equal(ClipTokenizer.StartId, encoder.Count);
    }

    [Fact]
    public void Encoder_MergeOfUnknownSymbols_IsRefused()
    {
        Assert.Throws<FormatException>(() => new BytePairEncoder(["i n", "zz y"]));
    }
}
