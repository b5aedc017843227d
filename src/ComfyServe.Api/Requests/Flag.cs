namespace ComfyServe.Api.Requests;

/// <summary>Words for yes and no, in requests, headers and settings.</summary>
internal static class Flag
{
    /// <summary>Reads a word, ignoring case and blanks around it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out bool value)
    {
        Span<char> word = stackalloc char[8];
        var trimmed = text.Trim();
        value = false;
        if (trimmed.Length > word.Length)
        {
            return false;
        }

        word = word[..trimmed.ToLowerInvariant(word)];
        value = word is "1" or "true" or "t" or "yes" or "y" or "on";
        return value || word is "0" or "false" or "f" or "no" or "n" or "off";
    }

    /// <summary>Whether a header's value means yes: 1, true, yes or on.</summary>
    public static bool IsYes(string? text) => text?.Trim().ToLowerInvariant() is "1" or "true" or "yes" or "on";
}
