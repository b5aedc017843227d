using System.ComponentModel;
using System.Diagnostics;

namespace ComfyServe.Hosting.Supervision;

/// <summary>Starts programs as processes of their own.</summary>
/// <param name="ownProgram">How this program is started, see <see cref="OwnProgram"/>: each process begins as it.</param>
public sealed class ProgramLauncher(IReadOnlyList<string> ownProgram)
{
    /// <summary>Starts a program.</summary>
    /// <param name="program">What to start.</param>
    /// <param name="take">Receives each line that it writes, from two threads.</param>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public Task<IRunningProgram> StartAsync(SupervisedProgram program, Action<ProgramLine> take)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(take);
        var start = new ProcessStartInfo(ownProgram[0], [.. ownProgram.Skip(1), .. SupervisedStart.Arguments(program)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true, // it must not read what is typed for us
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = program.Folder ?? "",
        };
        foreach (var (name, value) in program.Environment)
        {
            start.Environment[name] = value;
        }

        return RunningProcess.StartAsync(start, take, $"keeps {program.Name}");
    }
}
