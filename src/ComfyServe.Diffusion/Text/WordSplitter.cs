using System.Globalization;
using System.Text;

namespace ComfyServe.Diffusion.Text;

/// <summary>Cuts a cleaned text into the pieces that byte pair encoding works on.</summary>
/// <remarks>
/// A piece is, whichever matches first: a special token, an English contraction (<c>'s</c>, <c>'t</c>, <c>'re</c>,
/// <c>'ve</c>, <c>'m</c>, <c>'ll</c>, <c>'d</c>), a run of letters, one digit, or a run of other symbols. Radford et al.
/// 2021, "Learning transferable visual models from natural language supervision", the released tokenizer.
/// </remarks>
internal static class WordSplitter
{
    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Space,
        Letter,
        Digit,
        Symbol,
    }

    /// <summary>The pieces in order; white space separates and is dropped.</summary>
    public static List<string> Split(string text)
    {
        var pieces = new List<string>();
        var at = 0;
        while (at < text.Length)
        {
            var length = PieceLength(text, at, out var isPiece);
            if (isPiece)
            {
                pieces.Add(text.Substring(at, length));
            }

            at += length;
        }

        return pieces;
    }

    private static int PieceLength(string text, int at, out bool isPiece)
    {
        isPiece = true;
        var rest = text.AsSpan(at);
        foreach (var literal in (ReadOnlySpan<string>)[ClipTokenizer.StartText, ClipTokenizer.EndText, .. Contractions])
        {
            if (rest.StartsWith(literal, StringComparison.Ordinal))
            {
                return literal.Length;
            }
        }

        var kind = KindAt(rest, out var length);
        isPiece = kind != Kind.Space;
        if (kind is Kind.Space or Kind.Digit)
        {
            return length;
        }

        while (length < rest.Length && KindAt(rest[length..], out var next) == kind)
        {
            length += next;
        }

        return length;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, out int length)
    {
        _ = Rune.DecodeFromUtf16(text, out var rune, out length);
        if (Rune.IsWhiteSpace(rune))
        {
            return Kind.Space;
        }

        if (Rune.IsLetter(rune))
        {
            return Kind.Letter;
        }

        return Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
            ? Kind.Digit
            : Kind.Symbol;
    }
}
