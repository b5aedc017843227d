namespace ComfyServe.Api.Owners;

/// <summary>Names of files below a folder, as callers write them.</summary>
internal static class RelativeName
{
    /// <summary>
    /// The name without empty parts, <c>.</c> and <c>..</c>, with slashes only; empty for the folder itself. Null where it is absolute or leaves the folder,
    /// on whatever system the engine runs.
    /// </summary>
    public static string? Normalize(string name)
    {
        name = name.Replace('\\', '/');
        if (name.StartsWith('/') || name.Contains('\0') || (name.Length > 1 && name[1] == ':' && char.IsAsciiLetter(name[0])))
        {
            return null;
        }

        var parts = new List<string>();
        foreach (var part in name.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count == 0)
                {
                    return null;
                }

                parts.RemoveAt(parts.Count - 1);
            }
            else if (IsDisguised(part))
            {
                return null;
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    /// <summary>Windows drops dots and blanks at the end of a name: <c>.. </c> is <c>..</c> there.</summary>
    private static bool IsDisguised(string part) => part.Length > 1 && part.Contains('.') && part.AsSpan().IndexOfAnyExcept('.', ' ') < 0;
}
