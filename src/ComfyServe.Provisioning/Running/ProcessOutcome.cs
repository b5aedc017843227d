namespace ComfyServe.Provisioning.Running;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Its exit code; null where it was killed for taking too long.</param>
/// <param name="Tail">Its last lines, secrets hidden.</param>
internal sealed record ProcessOutcome(int? ExitCode, IReadOnlyList<string> Tail)
{
    /// <summary>Throws where it did not end with 0.</summary>
    /// <exception cref="StepException">It failed; the message has its last lines.</exception>
    public void Check(string what, TimeSpan timeout)
    {
        if (ExitCode == 0)
        {
            return;
        }

        var ended = ExitCode is null ? $"took longer than {timeout.TotalSeconds:0} s and was killed" : $"ended with exit code {ExitCode}";
        var said = Tail.Count == 0 ? "" : $"; its last lines: {string.Join(" ⏎ ", Tail.TakeLast(5))}";
        throw new StepException($"{what} {ended}{said}");
    }
}
