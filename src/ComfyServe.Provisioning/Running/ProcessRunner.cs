using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace ComfyServe.Provisioning.Running;

/// <summary>Runs programs with a timeout, writes their output to the log, and kills all that they started when they are stopped.</summary>
internal sealed class ProcessRunner(ProvisioningLog log, SecretMask mask, TimeProvider time)
{
    private const int KeptLines = 20;
    private const int LongestLine = 4096;

    /// <summary>A daemon that a command starts keeps its pipes open: what it says after this is not waited for.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="StepException">It could not be started.</exception>
    public async Task<ProcessOutcome> RunAsync(ProcessCommand command, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command.Program, command.Arguments)
        {
            WorkingDirectory = command.Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        Start(process);
        process.StandardInput.Close();
        var tail = new Queue<string>();
        var pumps = Task.WhenAll(PumpAsync(process.StandardOutput, tail), PumpAsync(process.StandardError, tail));
        using var patience = new CancellationTokenSource(command.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        int? exitCode = null;
        try
        {
            await process.WaitForExitAsync(both.Token);
            exitCode = process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
        }

        await Task.WhenAny(pumps, Task.Delay(LastWords, time, CancellationToken.None));
        lock (tail)
        {
            return new ProcessOutcome(exitCode, [.. tail]);
        }
    }

    private static void Start(Process process)
    {
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            throw new StepException($"'{process.StartInfo.FileName}' cannot be started: {exception.Message}");
        }
    }

    /// <summary>Reads lines; a line without end is cut, so that no output fills the memory.</summary>
    private async Task PumpAsync(StreamReader reader, Queue<string> tail)
    {
        var buffer = new char[1024];
        var line = new StringBuilder();
        int read;
        try
        {
            while ((read = await reader.ReadAsync(buffer)) > 0)
            {
                foreach (var letter in buffer.AsMemory(0, read).ToArray())
                {
                    if (letter is '\n' or '\r')
                    {
                        Keep(line, tail);
                    }
                    else if (line.Length < LongestLine)
                    {
                        line.Append(letter);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or IOException)
        {
            // The process is gone and nobody waits for the rest.
        }

        Keep(line, tail);
    }

    /// <summary>Both pipes end here: the lock guards the queue.</summary>
    private void Keep(StringBuilder line, Queue<string> tail)
    {
        var text = mask.Hide(line.ToString().TrimEnd());
        line.Clear();
        if (text.Length == 0)
        {
            return;
        }

        log.Write(text);
        lock (tail)
        {
            tail.Enqueue(text);
            if (tail.Count > KeptLines)
            {
                tail.Dequeue();
            }
        }
    }
}
