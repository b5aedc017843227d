namespace ComfyServe.Hosting.Supervision;

/// <summary>A line that a program wrote.</summary>
/// <param name="Text">The line, cut where it is very long.</param>
/// <param name="IsOutput">Whether it went to standard output, not to standard error.</param>
public readonly record struct ProgramLine(string Text, bool IsOutput);
