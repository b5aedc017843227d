namespace ComfyServe.Provisioning.CleanUp;

/// <summary>Which file system a folder is on.</summary>
internal static class MountPoint
{
    private const string Source = "/proc/self/mountinfo";

    /// <summary>The mount point above a path; folders with the same one share their free space.</summary>
    public static string Of(string path)
    {
        var best = "/";
        foreach (var line in File.ReadLines(Source))
        {
            var fields = line.Split(' ');
            if (fields.Length < 5)
            {
                continue;
            }

            var mount = Unescape(fields[4]);
            var isAbove = path == mount || path.StartsWith(mount.EndsWith('/') ? mount : mount + "/", StringComparison.Ordinal);
            if (isAbove && mount.Length >= best.Length)
            {
                best = mount;
            }
        }

        return best;
    }

    /// <summary>The kernel writes blanks as octal.</summary>
    private static string Unescape(string text) => text.Contains('\\', StringComparison.Ordinal)
        ? text.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal)
        : text;
}
