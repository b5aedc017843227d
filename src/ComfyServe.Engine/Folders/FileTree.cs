namespace ComfyServe.Engine.Folders;

/// <summary>Walks a folder.</summary>
internal static class FileTree
{
    /// <summary>Folders deeper than this are not entered: a link to a parent must not walk forever.</summary>
    private const int MaxDepth = 16;

    private static readonly EnumerationOptions Options = new() { RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    /// <summary>All files below a folder, relative to it; follows links, skips <c>.git</c>. Empty where it does not exist.</summary>
    public static IEnumerable<string> List(string root) => Directory.Exists(root) ? Walk(root, "", 0) : [];

    private static IEnumerable<string> Walk(string folder, string prefix, int depth)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", Options))
        {
            yield return prefix + Path.GetFileName(file);
        }

        if (depth == MaxDepth)
        {
            yield break;
        }

        foreach (var child in Directory.EnumerateDirectories(folder, "*", Options))
        {
            var name = Path.GetFileName(child);
            if (name == ".git")
            {
                continue;
            }

            foreach (var file in Walk(child, $"{prefix}{name}{Path.DirectorySeparatorChar}", depth + 1))
            {
                yield return file;
            }
        }
    }
}
