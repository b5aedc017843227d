using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ComfyServe.Hosting.Supervision;

/// <summary>
/// A process that was started. A thread of its own starts it and stays until it ends: the kernel's "parent" whose death ends the process is
/// the thread that started it, and threads of the pool come and go.
/// </summary>
internal sealed class RunningProcess : IRunningProgram
{
    private const int TerminateSignal = 15;
    private const int KillSignal = 9;

    // What it started may hold its output open; its own last lines are there at once.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new(); // guards _isOver: no signal goes to a number that may be another's by now
    private bool _isOver;

    private RunningProcess()
    {
    }

    /// <inheritdoc/>
    public int Id { get; private set; }

    /// <inheritdoc/>
    public Task<int> Ended => _ended.Task;

    /// <inheritdoc/>
    public long MemoryInUse => ProcessMemory.Of(Id);

    /// <summary>Starts a process.</summary>
    public static Task<IRunningProgram> StartAsync(ProcessStartInfo start, Action<ProgramLine> take, string thread)
    {
        var running = new RunningProcess();
        var started = new TaskCompletionSource<IRunningProgram>(TaskCreationOptions.RunContinuationsAsynchronously);
        var keeper = new Thread(() =>
        {
            using var process = new Process { StartInfo = start };
            try
            {
                process.Start();
                running.Id = process.Id;
            }
            catch (Win32Exception error)
            {
                started.SetException(error);
                return;
            }

            started.SetResult(running);
            running.Keep(process, take);
        })
        {
            IsBackground = true,
            Name = thread,
        };
        keeper.Start();
        return started.Task;
    }

    /// <inheritdoc/>
    public void Terminate() => Send(TerminateSignal, toGroup: false);

    /// <inheritdoc/>
    public void Kill() => Send(KillSignal, toGroup: true);

    private void Keep(Process process, Action<ProgramLine> take)
    {
        process.StandardInput.Close();
        var output = Read(process.StandardOutput.BaseStream, line => take(new ProgramLine(line, IsOutput: true)));
        var errors = Read(process.StandardError.BaseStream, line => take(new ProgramLine(line, IsOutput: false)));
        process.WaitForExit();
        lock (_gate)
        {
            _isOver = true;
        }

        _ = Signal(-Id, KillSignal); // what it started and left behind
        output.Join(Drain);
        errors.Join(Drain);
        _ended.SetResult(process.ExitCode);
    }

    // A pipe cannot be read without a thread that waits for it; this is not the pool's to lend for as long as a program runs.
    private static Thread Read(Stream stream, Action<string> take)
    {
        var reader = new Thread(() =>
        {
            try
            {
                LineReader.Read(stream, take);
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // Closed in the middle of a line.
            }
        })
        {
            IsBackground = true,
            Name = "reads a program",
        };
        reader.Start();
        return reader;
    }

    // Until the process has made its own group, only the process itself can be reached; with the group both are.
    private void Send(int signal, bool toGroup)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            if (!toGroup || Signal(-Id, signal) != 0)
            {
                _ = Signal(Id, signal);
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
