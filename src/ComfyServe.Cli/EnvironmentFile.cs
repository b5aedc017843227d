namespace ComfyServe.Cli;

/// <summary>
/// The file <c>.env</c> of the working folder: <c>NAME=VALUE</c> on each line, as the original reads it. What the environment
/// has already stays.
/// </summary>
internal static class EnvironmentFile
{
    /// <summary>Sets the variables of a file that are not set yet; no file is no variables.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isSet">Whether a variable is set already.</param>
    /// <param name="set">Sets one.</param>
    /// <returns>Lines that are neither empty, a comment nor a variable, by number.</returns>
    public static IReadOnlyList<int> Load(string path, Predicate<string> isSet, Action<string, string> set)
    {
        var wrong = new List<int>();
        if (!File.Exists(path))
        {
            return wrong;
        }

        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            if (Parse(text) is not { } variable)
            {
                wrong.Add(number);
            }
            else if (!isSet(variable.Key))
            {
                set(variable.Key, variable.Value);
            }
        }

        return wrong;
    }

    private static KeyValuePair<string, string>? Parse(string line)
    {
        var text = line.StartsWith("export ", StringComparison.Ordinal) ? line[7..].TrimStart() : line;
        var at = text.IndexOf('=', StringComparison.Ordinal);
        var name = at < 0 ? "" : text[..at].TrimEnd();
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            return null;
        }

        return KeyValuePair.Create(name, Value(text[(at + 1)..].Trim()));
    }

    /// <summary>A quoted value is taken as it is; any other ends where a comment begins.</summary>
    private static string Value(string text)
    {
        if (text.Length >= 2 && text[0] is '"' or '\'' && text.IndexOf(text[0], 1) is > 0 and var end)
        {
            return text[1..end];
        }

        var comment = text.IndexOf(" #", StringComparison.Ordinal);
        return comment < 0 ? text : text[..comment].TrimEnd();
    }
}
