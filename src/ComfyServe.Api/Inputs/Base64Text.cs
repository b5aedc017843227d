using System.Buffers;

namespace ComfyServe.Api.Inputs;

/// <summary>
/// Files as texts in base64, in the ways in which programs write them: in lines, with or without padding, in the alphabet for URLs, with or without what a data URI has
/// before the comma.
/// </summary>
internal static class Base64Text
{
    private const int Shortest = 64;

    /// <summary>No file has a longer name.</summary>
    private const int LongestName = 255;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");

    /// <summary>How files of the usual kinds begin: PNG, JPEG, GIF, WebP and other RIFF, BMP, TIFF, ZIP, MP4, Ogg, MP3, glTF.</summary>
    private static readonly string[] Beginnings = ["iVBORw0KGg", "/9j/", "_9j_", "R0lGOD", "UklGR", "Qk0", "SUkqA", "TU0AK", "UEsDB", "AAAA", "T2dnUw", "SUQz", "Z2xURg"];

    /// <summary>Whether a text can only be a file: long, with nothing but base64 in it, and not what could be a name.</summary>
    public static bool Is(ReadOnlySpan<char> text)
    {
        if (HasPrefix(text, out var comma))
        {
            text = text[(comma + 1)..];
        }

        var (length, isPlain, isPadded) = Measure(text);
        if (length < Shortest)
        {
            return false;
        }

        // Names may be all letters and digits; what is in lines, ends in '=' or is longer than a name can be is none.
        return isPadded || !isPlain || length > LongestName || (length % 4 == 0 && text.IndexOfAny('-', '_') < 0) || Begins(text);
    }

    /// <summary>The file; null where the text is no base64 after all.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (HasPrefix(text, out var comma))
        {
            text = text[(comma + 1)..];
        }

        var letters = ArrayPool<char>.Shared.Rent(text.Length + 4);
        try
        {
            var length = 0;
            foreach (var c in text)
            {
                if (!char.IsWhiteSpace(c))
                {
                    letters[length++] = c switch { '-' => '+', '_' => '/', _ => c };
                }
            }

            while (length > 0 && letters[length - 1] == '=')
            {
                length--;
            }

            while (length % 4 != 0)
            {
                letters[length++] = '=';
            }

            var bytes = new byte[length / 4 * 3];
            return Convert.TryFromBase64Chars(letters.AsSpan(0, length), bytes, out var written) ? bytes.AsSpan(0, written).ToArray() : null;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(letters);
        }
    }

    /// <summary>What a data URI has before the comma, with or without its <c>data:</c>; some programs leave it out.</summary>
    private static bool HasPrefix(ReadOnlySpan<char> text, out int comma)
    {
        const string Mark = ";base64";
        comma = text[..Math.Min(text.Length, 100)].IndexOf(',');
        return comma > 0 && text[..comma].EndsWith(Mark, StringComparison.OrdinalIgnoreCase) && text[..comma].Contains('/');
    }

    /// <summary>How many letters there are, whether they stand without lines between them, and whether '=' ends them; no length where anything else is there.</summary>
    private static (int Length, bool IsPlain, bool IsPadded) Measure(ReadOnlySpan<char> text)
    {
        var (length, isPlain, padding) = (0, true, 0);
        while (text.Length > 0)
        {
            var other = text.IndexOfAnyExcept(Alphabet);
            var run = other < 0 ? text.Length : other;
            if (run > 0 && padding > 0)
            {
                return default; // '=' ends it
            }

            length += run;
            text = text[run..];
            if (text.Length == 0)
            {
                break;
            }

            switch (text[0])
            {
                case '=' when padding < 2:
                    padding++;
                    break;
                case '\r' or '\n' or '\t':
                    isPlain = false;
                    break;
                case ' ' when !isPlain || length > LongestName:
                    break; // a name may have spaces, lines of base64 may be indented
                default:
                    return default;
            }

            text = text[1..];
        }

        return (length + padding, isPlain, padding > 0);
    }

    private static bool Begins(ReadOnlySpan<char> text)
    {
        foreach (var beginning in Beginnings)
        {
            if (text.StartsWith(beginning, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
