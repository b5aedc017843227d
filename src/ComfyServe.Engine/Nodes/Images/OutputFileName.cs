using ComfyServe.Engine.Folders;
using ComfyServe.Hosting.Files;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Where a saving node writes next: folder, name and running number.</summary>
/// <param name="Folder">Full path of the folder; it exists.</param>
/// <param name="Subfolder">The folder below the root, or empty.</param>
/// <param name="Name">The name before the number; may hold <c>%batch_num%</c>.</param>
/// <param name="Counter">The first free number.</param>
internal sealed record OutputFileName(string Folder, string Subfolder, string Name, int Counter)
{
    /// <summary>Expands the tokens of a prefix, creates its folder and finds the next number.</summary>
    /// <param name="prefix">For example <c>portraits/%year%-%month%/%width%x%height%</c>.</param>
    /// <param name="root">The folder that must not be left.</param>
    /// <param name="width">Width of the images.</param>
    /// <param name="height">Height of the images.</param>
    /// <param name="now">Local time.</param>
    /// <param name="numbers">What is known of the folders.</param>
    /// <param name="ending">Of the file, for example <c>.png</c>.</param>
    /// <exception cref="NodeException">The prefix leaves the folder.</exception>
    public static OutputFileName Next(string prefix, string root, long width, long height, DateTimeOffset now, OutputNumbers numbers, string ending)
    {
        var expanded = Normalize(Expand(prefix, width, height, now));
        var subfolder = Path.GetDirectoryName(expanded) ?? expanded;
        var name = Path.GetFileName(expanded);
        var output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(output, subfolder)));
        if (folder != output && !folder.StartsWith(output + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new NodeException(
                "Exception",
                $"**** ERROR: Saving image outside the output folder is not allowed.\n full_output_folder: {folder}\n         output_dir: {output}");
        }

        PrivateFiles.CreateFolder(folder);
        return new OutputFileName(folder, subfolder, name, numbers.Next(folder, name, ending));
    }

    private static string Expand(string prefix, long width, long height, DateTimeOffset now) =>
        !prefix.Contains('%')
            ? prefix
            : prefix
                .Replace("%width%", $"{width}", StringComparison.Ordinal)
                .Replace("%height%", $"{height}", StringComparison.Ordinal)
                .Replace("%year%", $"{now.Year}", StringComparison.Ordinal)
                .Replace("%month%", $"{now.Month:00}", StringComparison.Ordinal)
                .Replace("%day%", $"{now.Day:00}", StringComparison.Ordinal)
                .Replace("%hour%", $"{now.Hour:00}", StringComparison.Ordinal)
                .Replace("%minute%", $"{now.Minute:00}", StringComparison.Ordinal)
                .Replace("%second%", $"{now.Second:00}", StringComparison.Ordinal);

    /// <summary>Python's <c>os.path.normpath</c>: no empty and no <c>.</c> parts, <c>a/..</c> folded away.</summary>
    private static string Normalize(string path)
    {
        var isRooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == ".." && (parts.Count > 0 ? parts[^1] != ".." : isRooted))
            {
                if (parts.Count > 0)
                {
                    parts.RemoveAt(parts.Count - 1);
                }
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        var joined = string.Join('/', parts);
        return isRooted ? "/" + joined : joined.Length > 0 ? joined : ".";
    }
}
