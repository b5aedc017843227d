namespace ComfyServe.Hosting.Supervision;

/// <summary>A supervised program at one moment.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Restarts">How often it was started again.</param>
/// <param name="LastEnd">How it ended last, or null where it never did.</param>
/// <param name="PauseEnds">Timestamp at which the pause ends, while pausing.</param>
/// <param name="ProcessId">Id of its process while there is one.</param>
public sealed record ProgramSnapshot(ProgramPhase Phase, int Restarts = 0, ProgramEnd? LastEnd = null, long PauseEnds = 0, int? ProcessId = null)
{
    /// <summary>Why the program does not serve, with the root cause; null while it is ready.</summary>
    /// <param name="name">The program's name.</param>
    /// <param name="time">The clock of <see cref="PauseEnds"/>.</param>
    public string? WhyAway(string name, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return Phase switch
        {
            ProgramPhase.Ready => null,
            ProgramPhase.Stopped => LastEnd is null ? $"{name} was stopped" : $"{name} {LastEnd.Reason}",
            ProgramPhase.Pausing => $"{name} died: it {LastEnd!.Reason}; restarting in {Left(time):0.#} s",
            _ when LastEnd is not null => $"{name} died: it {LastEnd.Reason}; it is starting again",
            _ => $"{name} is starting",
        };
    }

    private double Left(TimeProvider time) => Math.Max(0, time.GetElapsedTime(time.GetTimestamp(), PauseEnds).TotalSeconds);
}
