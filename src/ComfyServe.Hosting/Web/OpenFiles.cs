using System.Globalization;

namespace ComfyServe.Hosting.Web;

/// <summary>How many files, sockets among them, the process may open.</summary>
internal static class OpenFiles
{
    private const int Reserve = 256;
    private const int Least = 64;

    /// <summary>Connections for which there are enough, with a reserve for all else.</summary>
    public static int ForConnections() => ForConnections(ReadLimits());

    /// <summary>The same for a text of <c>/proc/self/limits</c>.</summary>
    public static int ForConnections(string limits)
    {
        // "Max open files            1024                 524288               files"; the runtime has raised the first to the second.
        var line = limits.Split('\n').FirstOrDefault(static l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is { Length: > 4 } && int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var most)
            ? Math.Max(Least, most - Reserve)
            : int.MaxValue;
    }

    private static string ReadLimits()
    {
        try
        {
            return OperatingSystem.IsLinux() ? File.ReadAllText("/proc/self/limits") : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
