using System.Globalization;
using System.Text;

namespace ComfyServe.Diffusion.Text;

/// <summary>Brings a text into the form that the byte pair encoding was learned on.</summary>
/// <remarks>
/// The steps are those of the CLIP tokenizer that ComfyUI runs (without text repair): drop control and unassigned
/// characters, one space for any white space, ideographs as words of their own, normalization form C, lower case.
/// </remarks>
internal static class PromptCleaner
{
    /// <summary>The cleaned text: words in lower case with one space between them.</summary>
    public static string Clean(string text)
    {
        var spaced = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsSpace(rune))
            {
                spaced.Append(' ');
            }
            else if (IsIdeograph(rune.Value))
            {
                spaced.Append(' ').Append(rune.ToString()).Append(' ');
            }
            else if (!IsDropped(rune))
            {
                spaced.Append(rune.ToString());
            }
        }

        var words = CanonicalComposition.Compose(spaced.ToString())
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Select(LowerCase.Of));
    }

    private static bool IsSpace(Rune rune) =>
        rune.Value is '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator;

    // Lone surrogates are enumerated as U+FFFD.
    private static bool IsDropped(Rune rune) => rune.Value is 0xFFFD || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control
        or UnicodeCategory.Format
        or UnicodeCategory.PrivateUse
        or UnicodeCategory.Surrogate
        or UnicodeCategory.OtherNotAssigned;

    private static bool IsIdeograph(int code) => code
        is (>= 0x4E00 and <= 0x9FFF)
        or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B820 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x2F800 and <= 0x2FA1F);
}
