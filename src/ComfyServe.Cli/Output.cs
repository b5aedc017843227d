using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary>How the program writes sizes and JSON.</summary>
internal static class Output
{
    /// <summary>Snake-case names, indented, no needless escapes.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a line with colours; without them, and never wrapped, where nobody looks at a terminal.</summary>
    public static void MarkupLine(string markup)
    {
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine(Markup.Remove(markup));
        }
        else
        {
            AnsiConsole.MarkupLine(markup);
        }
    }

    /// <summary>A number of things: <c>1 file</c>, <c>2 files</c>.</summary>
    public static string Count(int number, string thing) => number == 1 ? $"1 {thing}" : $"{number} {thing}s";

    /// <summary>A size for people, in binary units.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{bytes / 1024.0:0.0} KiB",
        < 1 << 30 => $"{bytes / 1048576.0:0.0} MiB",
        _ => $"{bytes / 1073741824.0:0.00} GiB",
    };

    /// <summary>A moment for people, UTC to the second; "-" where there is none.</summary>
    public static string Moment(double? unixSeconds) => unixSeconds is { } seconds
        ? DateTimeOffset.FromUnixTimeSeconds((long)seconds).ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)
        : "-";
}
