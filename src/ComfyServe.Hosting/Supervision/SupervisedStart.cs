using System.Globalization;
using System.Runtime.InteropServices;

namespace ComfyServe.Hosting.Supervision;

/// <summary>
/// The other side of a <see cref="Supervisor"/>: what this program does first when it was started by one. Only a process itself can ask
/// the kernel to end it with its parent, so a program that is not ours is started through ours, which then becomes it.
/// </summary>
public static class SupervisedStart
{
    /// <summary>First argument; the supervisor's process id follows.</summary>
    internal const string Mark = "--supervised-by";

    /// <summary>Argument after which the command of another program follows.</summary>
    internal const string Become = "--become";

    private const int ParentDeathSignal = 1; // PR_SET_PDEATHSIG
    private const int Kill = 9;
    private const int BrokenPipe = 13;
    private const int NotStarted = 127; // as shells say it

    // Of all that runs here, the kernel takes this first when memory runs out: the supervisor holds queue and jobs.
    private const string OutOfMemoryScore = "500";

    /// <summary>Takes up the supervisor's terms where there is one.</summary>
    /// <param name="arguments">The program's arguments.</param>
    /// <param name="exitCode">The code to end with at once, or null to go on.</param>
    /// <returns>The arguments that are left.</returns>
    public static string[] Enter(string[] arguments, out int? exitCode)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        exitCode = null;
        if (arguments is not [Mark, var parent, .. var rest] || !OperatingSystem.IsLinux())
        {
            return arguments;
        }

        // A session of its own: Ctrl-C in a terminal is the supervisor's to hear, and one signal reaches all that is started from here.
        _ = SetSession();
        _ = Control(ParentDeathSignal, Kill, 0, 0, 0);
        if (!int.TryParse(parent, CultureInfo.InvariantCulture, out var supervisor) || Parent() != supervisor)
        {
            exitCode = NotStarted; // It ended before it could be watched.
            return rest;
        }

        File.WriteAllText("/proc/self/oom_score_adj", OutOfMemoryScore);
        if (rest is [Become, .. var command])
        {
            exitCode = Replace(command);
        }

        return rest;
    }

    /// <summary>The arguments with which our program takes up the terms.</summary>
    internal static IReadOnlyList<string> Arguments(SupervisedProgram program) =>
        [Mark, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. program.IsOwn ? [] : new[] { Become }, .. program.Command];

    // Returns only where it could not be done. What was asked of the kernel above stays.
    private static int Replace(string[] command)
    {
        if (command.Length > 0)
        {
            _ = Signal(BrokenPipe, 0); // the runtime ignores it, which another program would inherit
            _ = Execute(command[0], [.. command.Select(Marshal.StringToCoTaskMemUTF8), 0]);
            var reason = Marshal.GetLastPInvokeErrorMessage();
            Console.Error.WriteLine($"'{command[0]}' cannot be started: {reason}");
        }

        return NotStarted;
    }

    [DllImport("libc", EntryPoint = "setsid")]
    private static extern int SetSession();

    [DllImport("libc", EntryPoint = "getppid")]
    private static extern int Parent();

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Signal(int signal, nint handler);

    [DllImport("libc", EntryPoint = "execvp", SetLastError = true)]
    private static extern int Execute([MarshalAs(UnmanagedType.LPUTF8Str)] string file, nint[] arguments);
}
