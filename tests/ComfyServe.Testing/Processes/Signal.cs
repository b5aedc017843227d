using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ComfyServe.Testing.Processes;

/// <summary>Sends a signal to a process, by number as Linux has them.</summary>
public static partial class Signal
{
    /// <summary>SIGKILL: ends it at once.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM: asks it to end.</summary>
    public const int Terminate = 15;

    /// <summary>SIGCONT: it goes on.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP: it freezes in the middle of whatever it does; its connections stay open.</summary>
    public const int Freeze = 19;

    /// <summary>Sends it.</summary>
    /// <param name="process">The process.</param>
    /// <param name="signal">The signal's number.</param>
    public static void Send(Process process, int signal)
    {
        ArgumentNullException.ThrowIfNull(process);
        Send(process.Id, signal);
    }

    /// <summary>Sends it.</summary>
    /// <param name="process">The process's id.</param>
    /// <param name="signal">The signal's number.</param>
    public static void Send(int process, int signal)
    {
        if (SendTo(process, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"process {process} could not be signalled: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendTo(int pid, int signal);
}
