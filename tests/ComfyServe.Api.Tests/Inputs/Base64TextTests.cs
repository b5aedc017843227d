using System.Buffers.Text;
using ComfyServe.Api.Inputs;
using CsCheck;

namespace ComfyServe.Api.Tests.Inputs;

public sealed class Base64TextTests
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static readonly Gen<string> Prefixes = Gen.OneOf("", "data:image/png;base64,", "data:image/png;charset=utf-8;base64,", "image/png;base64,", "data:image/png,");
    private static readonly Gen<string> Breaks = Gen.OneOf("", "\n", "\r\n", "\n  ", "\t");

    /// <summary>A file, as programs of all kinds write it.</summary>
    private static readonly Gen<(byte[] File, string Text)> Files = Gen.Select(Gen.Byte.Array[48, 700], Prefixes, Breaks, Gen.OneOf(60, 64, 76), Gen.Bool, Gen.Bool).Select(
        static (bytes, prefix, lines, width, isForUrls, isPadded) =>
        {
            byte[] file = [.. Png, .. bytes];
            var text = isForUrls ? Base64Url.EncodeToString(file) : Convert.ToBase64String(file);
            text = isPadded ? text.PadRight((text.Length + 3) / 4 * 4, '=') : text.TrimEnd('=');
            return (file, prefix + string.Join(lines, text.Chunk(lines.Length == 0 ? int.MaxValue : width).Select(static l => new string(l))) + lines);
        });

    [Fact]
    public void Decode_FileInAnyOfItsForms_GivesItsBytes() => Files.Sample(static written =>
    {
        var kind = InputValue.Of(written.Text);
        var data = kind == InputValue.Kind.DataUri ? written.Text.AsSpan(written.Text.IndexOf(',') + 1) : written.Text;

        Assert.Contains(kind, new[] { InputValue.Kind.DataUri, InputValue.Kind.Base64 });
        Assert.True(Base64Text.Is(data));
        Assert.Equal(written.File, Base64Text.Decode(data));
    }, iter: 500);

    [Theory]
    [InlineData("a long name of a picture with words and no dot in it which nobody should take for a file")]
    [InlineData("pictures/2026/03/07/portrait_of_a_woman_with_a_very_long_name_indeed_00001_.png")]
    [InlineData("portrait-of-a-woman-with-a-very-long-name-indeed-and-some-more-words-00001")]
    [InlineData("a.png")]
    [InlineData("")]
    [InlineData("iVBORw0KGgo=")] // too short: a name might be so
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=AAAA")]
    public void Of_Names_StayNames(string value) => Assert.Equal(InputValue.Kind.Name, InputValue.Of(value));

    [Fact]
    public void Of_GeneratedNames_StayNames() =>
        Gen.Select(Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Const('_'), Gen.Const('-'), Gen.Const(' ')), 1, 200], Gen.OneOf(".png", ".jpeg", ".webp", " [output]")).Sample(
            static (name, ending) => Assert.Equal(InputValue.Kind.Name, InputValue.Of(name + ending)), iter: 1_000);

    [Fact]
    public void Decode_AnyText_NeverThrows() => Gen.String[0, 300].Sample(static text =>
    {
        _ = Base64Text.Is(text);
        _ = Base64Text.Decode(text);
    }, iter: 500);
}
