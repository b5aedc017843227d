using ComfyServe.Hosting.Files;

namespace ComfyServe.Cli.Up;

/// <summary>A file that only its owner can read: the account's key and the worker's token of <c>up</c>.</summary>
internal static class SecretFile
{
    /// <summary>The file's lines, or null where there is none.</summary>
    public static string[]? Read(string path) => File.Exists(path) ? File.ReadAllLines(path) : null;

    /// <summary>Writes the file with mode 0600.</summary>
    public static void Write(string path, params string[] lines)
    {
        PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
        using var writer = new StreamWriter(PrivateFiles.Write(path, FileMode.Create));
        foreach (var line in lines)
        {
            writer.WriteLine(line);
        }
    }
}
