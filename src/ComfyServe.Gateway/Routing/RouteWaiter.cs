namespace ComfyServe.Gateway.Routing;

/// <summary>A call of <c>/route/</c> that is held until there is a worker or its time is up.</summary>
internal sealed class RouteWaiter(long deadline)
{
    private readonly TaskCompletionSource<RouteOutcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When the call must be answered, in milliseconds.</summary>
    public long Deadline { get; } = deadline;

    /// <summary>The answer, when there is one.</summary>
#pragma warning disable VSTHRD003 // The router completes it from whatever call frees a worker; continuations run elsewhere.
    public Task<RouteOutcome> Answer => _answer.Task;
#pragma warning restore VSTHRD003

    /// <summary>Answers the call; false if it was answered before.</summary>
    public bool TryComplete(in RouteOutcome outcome) => _answer.TrySetResult(outcome);
}
