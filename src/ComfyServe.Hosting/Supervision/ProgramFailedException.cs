namespace ComfyServe.Hosting.Supervision;

/// <summary>A program's first start failed; the message says how, with the last line that it wrote.</summary>
/// <param name="name">The program's name.</param>
/// <param name="end">How it ended.</param>
public sealed class ProgramFailedException(string name, ProgramEnd end) : Exception(Describe(name, end))
{
    /// <summary>How it ended.</summary>
    public ProgramEnd End { get; } = end;

    private static string Describe(string name, ProgramEnd end) =>
        end.LastLines.LastOrDefault(static line => !string.IsNullOrWhiteSpace(line)) is { } last
            ? $"the {name} could not be started: it {end.Reason}: {last}"
            : $"the {name} could not be started: it {end.Reason}";
}
