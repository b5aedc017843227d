using System.Globalization;

namespace ComfyServe.Testing.Processes;

/// <summary>What the kernel knows of a process and those that it started.</summary>
public static class ProcessTree
{
    /// <summary>The processes that a process started and that run; zombies have ended.</summary>
    public static IReadOnlyList<int> Children(int parent) =>
        [.. from folder in Directory.EnumerateDirectories("/proc")
            where int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _)
            let fields = Fields(folder)
            where fields is not null && fields[0] is not ("Z" or "X") && int.Parse(fields[1], CultureInfo.InvariantCulture) == parent
            select int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)];

    /// <summary>Whether a process runs.</summary>
    public static bool Runs(int process) => Fields($"/proc/{process}") is { } fields && fields[0] is not ("Z" or "X");

    /// <summary>How many files and folders a process and its children have the kernel watch for changes.</summary>
    public static int Watches(int process) => WatchesOf(process) + Children(process).Sum(Watches);

    private static int WatchesOf(int process) => Directory.EnumerateFiles($"/proc/{process}/fdinfo")
        .Sum(static file => Lines(file).Count(static line => line.StartsWith("inotify ", StringComparison.Ordinal)));

    // From field 3 on; the name in field 2 may contain anything, but ends with the last ')'.
    private static string[]? Fields(string folder) =>
        Lines(Path.Combine(folder, "stat")) is [var stat, ..] ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ') : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return []; // It ended, or closed the file, meanwhile.
        }
    }
}
