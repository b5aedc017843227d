using ComfyServe.Engine.Folders;

namespace ComfyServe.Engine.Nodes.Images;

/// <summary>Finds the files that loading nodes name: below <c>input/</c>, or where an ending like
/// <c> [temp]</c> says.</summary>
internal static class InputImages
{
    /// <summary>Endings that choose a folder; the character before them is cut off too.</summary>
    private static readonly string[] Annotations = ["[output]", "[input]", "[temp]"];

    /// <summary>Endings that Python's <c>mimetypes</c> counts as images.</summary>
    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".bmp", ".gif", ".heic", ".heif", ".ico", ".ief", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm",
        ".ras", ".rgb", ".svg", ".tif", ".tiff", ".webp", ".xbm", ".xpm", ".xwd",
    };

    /// <summary>Names of all files directly in <c>input/</c>, sorted.</summary>
    public static IEnumerable<string> AllFiles(EngineFolders folders) =>
        Directory.Exists(folders.Input)
            ? Directory.EnumerateFiles(folders.Input).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)
            : [];

    /// <summary>Those of <see cref="AllFiles"/> whose ending is an image's.</summary>
    public static IEnumerable<string> ImageFiles(EngineFolders folders) =>
        AllFiles(folders).Where(f => Endings.Contains(Path.GetExtension(f)));

    /// <summary>The full path of an existing file; null where there is none or the name leaves the folder.</summary>
    public static string? Find(EngineFolders folders, string name)
    {
        var folder = folders.Input;
        foreach (var annotation in Annotations)
        {
            if (name.EndsWith(annotation, StringComparison.Ordinal))
            {
                folder = annotation == "[output]" ? folders.Output : annotation == "[temp]" ? folders.Temp : folders.Input;
                name = name[..Math.Max(0, name.Length - annotation.Length - 1)];
                break;
            }
        }

        return SafePath.Below(folder, name) is { } path && File.Exists(path) ? path : null;
    }
}
