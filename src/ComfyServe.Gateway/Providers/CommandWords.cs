using System.Text;

namespace ComfyServe.Gateway.Providers;

/// <summary>Splits a command line into words as a shell does: blanks separate, quotes keep together. No variables, no expansion.</summary>
internal static class CommandWords
{
    /// <summary>The words; null for an open quote.</summary>
    public static IReadOnlyList<string>? Split(string? text)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var (quote, begun) = ('\0', false);
        foreach (var c in text ?? "")
        {
            if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
                if (quote != '\0')
                {
                    word.Append(c);
                }
            }
            else if (c is '"' or '\'')
            {
                (quote, begun) = (c, true);
            }
            else if (!char.IsWhiteSpace(c))
            {
                word.Append(c);
                begun = true;
            }
            else if (begun)
            {
                words.Add(word.ToString());
                word.Clear();
                begun = false;
            }
        }

        if (begun)
        {
            words.Add(word.ToString());
        }

        return quote == '\0' ? words : null;
    }
}
