using ComfyServe.Engine.Folders;

namespace ComfyServe.Engine.Http;

/// <summary>The folders that callers may name, and joins below them.</summary>
internal static class DataFolders
{
    private static readonly string[] Types = ["output", "input", "temp"];

    /// <summary>The folder of a type; null for any other word.</summary>
    public static string? ByType(EngineFolders folders, string type) => type switch
    {
        "output" => folders.Output,
        "input" => folders.Input,
        "temp" => folders.Temp,
        _ => null,
    };

    /// <summary>
    /// Takes an ending like <c>[temp]</c> off a name, with the one character before it, and returns the type; null where
    /// there is none.
    /// </summary>
    public static string? CutType(ref string name)
    {
        foreach (var type in Types)
        {
            if (name.EndsWith($"[{type}]", StringComparison.Ordinal))
            {
                name = name[..Math.Max(0, name.Length - type.Length - 3)];
                return type;
            }
        }

        return null;
    }

    /// <summary>The folder itself or a place below it; null where the name leaves it.</summary>
    public static string? AtOrBelow(string root, string name)
    {
        if (name.Contains('\0'))
        {
            return null;
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(folder, name)));
        return path == folder ? path : SafePath.Below(folder, path[Math.Min(path.Length, folder.Length + 1)..]) == path ? path : null;
    }
}
