namespace ComfyServe.Workflows;

/// <summary>A text is no workflow; the message lists every mistake.</summary>
public sealed class WorkflowFormatException(IReadOnlyList<string> problems) : Exception(string.Join("; ", problems))
{
    /// <summary>The mistakes, each with what and which.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
