using System.Buffers;
using System.Text;

namespace ComfyServe.Workflows.Json;

/// <summary>
/// JSON as programs really write it, turned into what a strict parser reads: with a byte order mark or in UTF-16 (editors and PowerShell on Windows), and with
/// Python's bare <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, which become <c>null</c> (ComfyUI writes <c>"is_changed": [NaN]</c> into its own files).
/// </summary>
public static class TolerantJson
{
    /// <summary>The same text in UTF-8 without such words; the same memory where nothing had to be changed. Whether it is JSON is left to the parser.</summary>
    public static ReadOnlyMemory<byte> Normalize(ReadOnlyMemory<byte> text)
    {
        var utf8 = ToUtf8(text);
        return utf8.Span.IndexOf("NaN"u8) >= 0 || utf8.Span.IndexOf("Infinity"u8) >= 0 ? WithoutBareWords(utf8) : utf8;
    }

    private static ReadOnlyMemory<byte> ToUtf8(ReadOnlyMemory<byte> text) => text.Span switch
    {
        [0xEF, 0xBB, 0xBF, ..] => text[3..],
        [0xFF, 0xFE, 0, 0, ..] => Recode(text[4..], Encoding.UTF32),
        [0xFF, 0xFE, ..] => Recode(text[2..], Encoding.Unicode),
        [0xFE, 0xFF, ..] => Recode(text[2..], Encoding.BigEndianUnicode),
        [0, not 0, ..] => Recode(text, Encoding.BigEndianUnicode), // JSON begins with an ASCII character
        [not 0, 0, ..] => Recode(text, Encoding.Unicode),
        _ => text,
    };

    private static byte[] Recode(ReadOnlyMemory<byte> text, Encoding from) => Encoding.UTF8.GetBytes(from.GetString(text.Span));

    private static ReadOnlyMemory<byte> WithoutBareWords(ReadOnlyMemory<byte> text)
    {
        var written = new ArrayBufferWriter<byte>(text.Length);
        var rest = text.Span;
        var inText = false;
        while (rest.Length > 0)
        {
            var special = inText ? rest.IndexOfAny((byte)'"', (byte)'\\') : rest.IndexOfAny("\"NI-"u8);
            if (special < 0)
            {
                break;
            }

            written.Write(rest[..special]);
            rest = rest[special..];
            var length = 1;
            if (rest[0] == '"')
            {
                inText = !inText;
            }
            else if (inText)
            {
                length = Math.Min(2, rest.Length); // a backslash and what it stands before
            }
            else if (BareWord(rest) is var bare and > 0)
            {
                written.Write("null"u8);
                rest = rest[bare..];
                continue;
            }

            written.Write(rest[..length]);
            rest = rest[length..];
        }

        written.Write(rest);
        return written.WrittenMemory;
    }

    private static int BareWord(ReadOnlySpan<byte> rest) =>
        rest.StartsWith("NaN"u8) ? 3
        : rest.StartsWith("Infinity"u8) ? 8
        : rest.StartsWith("-Infinity"u8) ? 9
        : rest.StartsWith("-NaN"u8) ? 4
        : 0;
}
