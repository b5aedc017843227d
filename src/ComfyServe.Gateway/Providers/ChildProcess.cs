using System.Diagnostics;
using System.Globalization;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Providers;

/// <summary>A process that outlives the gateway: known by its number and the moment it started, so that a number used again is no mistake.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="StartedAt">Its start in the kernel's ticks since boot.</param>
internal sealed record ChildProcess(int Pid, long StartedAt)
{
    /// <summary>Whether it runs.</summary>
    public bool Runs => StartOf(Pid) == StartedAt;

    /// <summary>Starts a program whose output goes to a file, so that it does not depend on the gateway's reading it.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="variables">Environment variables on top of the gateway's.</param>
    /// <param name="folder">Its working folder.</param>
    /// <param name="log">File that its output is appended to.</param>
    public static ChildProcess Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, string folder, string log)
    {
        // The shell only redirects and then becomes the program: the number stays.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; (umask 077; : >>\"$log\"); exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, .. command])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
        };

        Withhold(start);
        start.Environment.Remove("COMFYSERVE_LOGS"); // a worker's log is its own
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new ProviderFailedException($"'{command[0]}' could not be started");
        return new ChildProcess(process.Id, StartOf(process.Id) ?? throw new ProviderFailedException($"'{command[0]}' ended at once; see '{log}'"));
    }

    /// <summary>Keeps the account's key and the database from a program that is about to be started.</summary>
    public static void Withhold(ProcessStartInfo start)
    {
        foreach (var secret in WithheldVariables.Names)
        {
            start.Environment.Remove(secret);
        }
    }

    /// <summary>Asks it to end, and ends it with its children when the patience is over.</summary>
    public async Task EndAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Runs)
        {
            return;
        }

        using (var kill = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"kill -TERM {Pid.ToString(CultureInfo.InvariantCulture)}"]) { UseShellExecute = false }))
        {
            await kill!.WaitForExitAsync(cancellationToken);
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        for (var begun = time.GetTimestamp(); Runs && time.GetElapsedTime(begun) < patience;)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        if (!Runs)
        {
            return;
        }

        try
        {
            using var process = Process.GetProcessById(Pid);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }

    // Field 22 of /proc/PID/stat; a zombie (field 3) has ended. The name in field 2 may contain anything, but ends with the last ')'.
    private static long? StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
