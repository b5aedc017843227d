namespace ComfyServe.Hosting.Supervision;

/// <summary>The last lines that a program wrote. Thread-safe.</summary>
internal sealed class LineTail
{
    private const int Lines = 20;
    private const int Longest = 500;
    private readonly Lock _gate = new(); // guards the queue: two streams write, the supervisor reads
    private readonly Queue<string> _lines = new(Lines + 1);

    /// <summary>The lines, oldest first.</summary>
    public IReadOnlyList<string> Snapshot()
    {
        lock (_gate)
        {
            return [.. _lines];
        }
    }

    /// <summary>Takes a line in, and forgets the oldest when there are too many.</summary>
    public void Add(string line)
    {
        lock (_gate)
        {
            _lines.Enqueue(line.Length > Longest ? line[..Longest] + "…" : line);
            if (_lines.Count > Lines)
            {
                _lines.Dequeue();
            }
        }
    }
}
