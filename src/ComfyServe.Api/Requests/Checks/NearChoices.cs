namespace ComfyServe.Api.Requests.Checks;

/// <summary>Which of an input's choices somebody may have meant.</summary>
internal static class NearChoices
{
    /// <summary>
    /// The choice that a path can only mean: the same but for the kind of slash or for case, or of the same file name where one of the two has no folder. Null
    /// where the value is no path, where there is no such choice, and where there are several.
    /// </summary>
    public static string? Meant(string value, IReadOnlyList<string> choices)
    {
        var path = value.Replace('\\', '/');
        if (!Path.HasExtension(path))
        {
            return null;
        }

        return Only(choices, c => c.Replace('\\', '/') == path)
            ?? Only(choices, c => c.Replace('\\', '/').Equals(path, StringComparison.OrdinalIgnoreCase))
            ?? Only(choices, c => IsSameFile(path, c.Replace('\\', '/')));
    }

    /// <summary>The choices with those that look most like the value first.</summary>
    public static IEnumerable<string> Sorted(string value, IReadOnlyList<string> choices)
    {
        var wanted = Parts(value);
        return wanted.Count == 0 ? choices : choices.OrderByDescending(c => Likeness(wanted, c)); // keeps the order of equals
    }

    private static string? Only(IReadOnlyList<string> choices, Func<string, bool> condition)
    {
        string? found = null;
        foreach (var choice in choices)
        {
            if (condition(choice))
            {
                if (found is not null)
                {
                    return null;
                }

                found = choice;
            }
        }

        return found;
    }

    /// <summary>Two folders with a file of the same name hold different files as a rule; a name without one is the same file somewhere else.</summary>
    private static bool IsSameFile(string one, string other) =>
        one.Contains('/') != other.Contains('/') && one[(one.LastIndexOf('/') + 1)..].Equals(other[(other.LastIndexOf('/') + 1)..], StringComparison.OrdinalIgnoreCase);

    /// <summary>Share of the letters in threes that two texts have in common: cheap, and a transposed letter costs little.</summary>
    private static double Likeness(HashSet<int> wanted, string choice)
    {
        var parts = Parts(choice);
        var common = parts.Count(wanted.Contains);
        return common == 0 ? 0 : (double)common / (wanted.Count + parts.Count - common);
    }

    private static HashSet<int> Parts(string text)
    {
        const int Longest = 128;
        var parts = new HashSet<int>();
        for (var i = 0; i + 3 <= Math.Min(text.Length, Longest); i++)
        {
            parts.Add((char.ToLowerInvariant(text[i]) << 20) ^ (char.ToLowerInvariant(text[i + 1]) << 10) ^ char.ToLowerInvariant(text[i + 2]));
        }

        return parts;
    }
}
