namespace ComfyServe.Gateway.Routing;

/// <summary>A call of <c>/route/</c> that is held until there is a worker or its time is up.</summary>
/// <param name="entry">The request.</param>
/// <param name="deadline">When the call must be answered, in milliseconds.</param>
/// <param name="isFirst">The caller does not know the request's index yet.</param>
internal sealed class RouteWaiter(RequestEntry entry, long deadline, bool isFirst)
{
    private readonly TaskCompletionSource<RouteOutcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The request.</summary>
    public RequestEntry Entry { get; } = entry;

    /// <summary>The caller does not know the request's index yet: nobody can come back with it.</summary>
    public bool IsFirst { get; } = isFirst;

    /// <summary>When the call must be answered, in milliseconds.</summary>
    public long Deadline { get; } = deadline;

    /// <summary>The answer, when there is one.</summary>
#pragma warning disable VSTHRD003 // The router completes it from whatever call frees a worker; continuations run elsewhere.
    public Task<RouteOutcome> Answer => _answer.Task;
#pragma warning restore VSTHRD003

    /// <summary>Answers the call; false if it was answered before.</summary>
    public bool TryComplete(in RouteOutcome outcome) => _answer.TrySetResult(outcome);
}
