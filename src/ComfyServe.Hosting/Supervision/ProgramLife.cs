namespace ComfyServe.Hosting.Supervision;

/// <summary>What is seen of one life of a program: its lines, and when it was ready.</summary>
internal sealed class ProgramLife(SupervisedProgram program, Action<ProgramLine>? lines)
{
    private readonly LineTail _tail = new();
    private readonly TaskCompletionSource _readyLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the program has written its <see cref="SupervisedProgram.ReadyLine"/>.</summary>
    public Task ReadyLine => _readyLine.Task;

    /// <summary>Timestamp of its becoming ready, or null before. The supervisor's loop alone uses it.</summary>
    public long? ReadySince { get; set; }

    /// <summary>The last lines that it wrote.</summary>
    public IReadOnlyList<string> LastLines => _tail.Snapshot();

    /// <summary>Takes a line of it.</summary>
    public void Take(ProgramLine line)
    {
        if (line.IsOutput && program.ReadyLine is { } ready && line.Text.StartsWith(ready, StringComparison.Ordinal))
        {
            _readyLine.TrySetResult();
            return; // meant for us alone
        }

        _tail.Add(line.Text);
        try
        {
            lines?.Invoke(line with { Text = program.Prefix + line.Text });
        }
        catch (IOException)
        {
            // A full disk under our own log must not stop up what the program writes.
        }
    }
}
