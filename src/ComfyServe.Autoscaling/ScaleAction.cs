namespace ComfyServe.Autoscaling;

/// <summary>One step of a plan.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="WorkerId">With which worker; 0 for a new one.</param>
/// <param name="GroupId">In which workergroup.</param>
/// <param name="Reason">Why, with the numbers; for the endpoint's log.</param>
public sealed record ScaleAction(ScaleActionKind Kind, long WorkerId, long GroupId, string Reason);
