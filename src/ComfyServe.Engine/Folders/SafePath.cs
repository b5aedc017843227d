namespace ComfyServe.Engine.Folders;

/// <summary>Joins names from callers to folders of ours, and refuses what would leave them.</summary>
public static class SafePath
{
    /// <summary>Whether a name goes up a folder somewhere: it has a part <c>..</c>. Two dots within a part (<c>v1..final.png</c>) are an ordinary name.</summary>
    public static bool GoesUp(string name)
    {
        foreach (var part in name.AsSpan().SplitAny('/', Path.DirectorySeparatorChar))
        {
            if (name.AsSpan(part) is "..")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The full path of <paramref name="name"/> below <paramref name="root"/>; null where it is empty, absolute, or
    /// leaves the folder by <c>..</c> or by a NUL. Links that an operator put below the folder are followed.
    /// </summary>
    public static string? Below(string root, string name)
    {
        if (name.Length == 0 || name.Contains('\0') || Path.IsPathRooted(name))
        {
            return null;
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        var path = Path.GetFullPath(Path.Combine(folder, name));
        return path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path : null;
    }
}
