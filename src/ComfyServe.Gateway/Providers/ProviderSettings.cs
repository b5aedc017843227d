using System.Globalization;

namespace ComfyServe.Gateway.Providers;

/// <summary>Reads and checks a workergroup's provider settings.</summary>
internal static class ProviderSettings
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>A count, or what stands in for a missing one.</summary>
    public static int Count(IReadOnlyDictionary<string, string> settings, string name, int fallback) =>
        settings.TryGetValue(name, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : fallback;

    /// <summary>A text, or what stands in for a missing one.</summary>
    public static string Text(IReadOnlyDictionary<string, string> settings, string name, string fallback) =>
        settings.TryGetValue(name, out var text) && text.Length > 0 ? text : fallback;

    /// <summary>Settings that a provider does not have.</summary>
    public static IEnumerable<string> Unknown(IReadOnlyDictionary<string, string> settings, string provider, params string[] names) =>
        settings.Keys.Except(names, StringComparer.Ordinal).Select(k => $"'provider_settings' of '{provider}' has no '{k}'; it has {string.Join(", ", names.Select(n => $"'{n}'"))}");

    /// <summary>A count that is none, or out of its range.</summary>
    public static IEnumerable<string> WrongCount(IReadOnlyDictionary<string, string> settings, string name, int least, int most)
    {
        if (settings.TryGetValue(name, out var text) && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n < least || n > most))
        {
            yield return $"'{name}' wants a count from {least} to {most} but got '{text}'";
        }
    }

    /// <summary>A command line of this machine that has no word, an open quote, or a program that is not there.</summary>
    public static IEnumerable<string> WrongCommand(IReadOnlyDictionary<string, string> settings)
    {
        if (WrongWords(settings).ToList() is { Count: > 0 } wrong)
        {
            return wrong;
        }

        return settings.TryGetValue("command", out var command) && CommandWords.Split(command) is [var program, ..] && FindProgram(program) is null
            ? [$"'command' names '{program}', which is no program on the gateway's machine; give its full path"]
            : [];
    }

    /// <summary>A command line that has no word, or an open quote; for programs that are somewhere else.</summary>
    public static IEnumerable<string> WrongWords(IReadOnlyDictionary<string, string> settings)
    {
        if (settings.TryGetValue("command", out var command) && CommandWords.Split(command) is not { Count: > 0 })
        {
            yield return $"'command' wants a program and its arguments but got '{command}'";
        }
    }

    /// <summary>The words of a checked command; a program that is named by a path, by its full one, since workers run in folders of their own.</summary>
    public static IReadOnlyList<string> Program(string command)
    {
        var words = CommandWords.Split(command)!;
        return words[0].Contains('/', StringComparison.Ordinal) ? [Path.GetFullPath(words[0]), .. words.Skip(1)] : words;
    }

    /// <summary>The words of <c>launch_args</c>.</summary>
    /// <exception cref="ProviderFailedException">They have an open quote.</exception>
    public static IReadOnlyList<string> Arguments(WorkerOrder order) =>
        CommandWords.Split(order.LaunchArguments) ?? throw new ProviderFailedException($"'launch_args' has an open quote: {order.LaunchArguments}");

    // As the system looks for programs: in the folders of PATH, unless the name has a slash.
    private static string? FindProgram(string name)
    {
        string[] places = name.Contains('/', StringComparison.Ordinal)
            ? [Path.GetFullPath(name)]
            : [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name))];
        return Array.Find(places, static p => File.Exists(p) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(p) & AnyExecute) != UnixFileMode.None));
    }
}
