namespace ComfyServe.Hosting.Supervision;

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code, 128 and the signal's number where a signal ended it, or null where it was never started.</param>
/// <param name="Cause">Why the supervisor ended it or could not start it, or null where it ended by itself.</param>
/// <param name="LastLines">The last lines that it wrote, oldest first.</param>
public sealed record ProgramEnd(int? ExitCode, string? Cause, IReadOnlyList<string> LastLines)
{
    private const int FirstSignal = 128;

    private static readonly Dictionary<int, string> Names = new()
    {
        [1] = "SIGHUP",
        [2] = "SIGINT",
        [3] = "SIGQUIT",
        [4] = "SIGILL",
        [6] = "SIGABRT",
        [7] = "SIGBUS",
        [8] = "SIGFPE",
        [9] = "SIGKILL",
        [11] = "SIGSEGV",
        [13] = "SIGPIPE",
        [15] = "SIGTERM",
        [24] = "SIGXCPU",
        [31] = "SIGSYS",
    };

    /// <summary>The signal that ended it, or null.</summary>
    public int? Signal => ExitCode is > FirstSignal and <= FirstSignal + 64 ? ExitCode - FirstSignal : null;

    /// <summary>Whether the kernel ended it because memory ran out.</summary>
    public bool WasOutOfMemory { get; init; }

    /// <summary>What happened, in words that complete <c>the program …</c>.</summary>
    public string Reason => (Cause, Signal) switch
    {
        ({ } cause, _) => cause,
        (_, 9) when WasOutOfMemory => "was killed by signal 9 (SIGKILL): the kernel had no memory left for it",
        (_, { } signal) => Names.TryGetValue(signal, out var name) ? $"was killed by signal {signal} ({name})" : $"was killed by signal {signal}",
        _ => $"ended with exit code {ExitCode}",
    };
}
