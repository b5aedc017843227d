namespace ComfyServe.Engine.Queue;

/// <summary>Counts prompts: each gets the next number, and those for the front its negative.</summary>
/// <param name="first">The first number.</param>
internal sealed class PromptNumbers(long first = 0)
{
    private long _next = first;

    /// <summary>The next number.</summary>
    /// <param name="front">Whether the prompt goes before all others: the last one that asks for it runs first.</param>
    public long Take(bool front)
    {
        var number = Interlocked.Increment(ref _next) - 1;
        return front ? -number : number;
    }
}
