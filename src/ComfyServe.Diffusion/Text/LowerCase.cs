using System.Globalization;
using System.Text;

namespace ComfyServe.Diffusion.Text;

/// <summary>Unicode's full lower-case mapping (SpecialCasing), which <see cref="string.ToLowerInvariant"/> is not:
/// <c>İ</c> becomes two characters, and a <c>Σ</c> that ends a word becomes <c>ς</c>.</summary>
internal static class LowerCase
{
    /// <summary>The lower-case form of one word.</summary>
    public static string Of(string word)
    {
        var lower = word.ToLowerInvariant();
        if (!word.AsSpan().ContainsAny('İ', 'Σ'))
        {
            return lower;
        }

        var result = new StringBuilder(lower.Length + 2);
        for (var i = 0; i < word.Length; i++)
        {
            _ = word[i] switch
            {
                'İ' => result.Append("i\u0307"),
                'Σ' when EndsWord(word, i) => result.Append('ς'),
                _ => result.Append(lower[i]),
            };
        }

        return result.ToString();
    }

    /// <summary>A letter with case stands before, none after; marks and apostrophes in between do not count.</summary>
    private static bool EndsWord(string word, int index)
    {
        var before = word[..index].EnumerateRunes().Reverse().SkipWhile(IsIgnorable).Take(1);
        var after = word[(index + 1)..].EnumerateRunes().SkipWhile(IsIgnorable).Take(1);
        return before.Any(HasCase) && !after.Any(HasCase);
    }

    private static bool HasCase(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool IsIgnorable(Rune rune) => rune.Value is '\'' or '.' or ':' or '·' or '’'
        || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
            or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter
            or UnicodeCategory.ModifierSymbol;
}
