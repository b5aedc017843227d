namespace ComfyServe.Worker;

/// <summary>A worker's settings are wrong; the message names every mistake.</summary>
public sealed class InvalidWorkerOptionsException(IReadOnlyList<string> mistakes) : Exception(string.Join(Environment.NewLine, mistakes))
{
    /// <summary>One sentence for each mistake.</summary>
    public IReadOnlyList<string> Mistakes { get; } = mistakes;
}
