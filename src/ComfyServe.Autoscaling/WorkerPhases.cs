namespace ComfyServe.Autoscaling;

/// <summary>What the states of a worker mean.</summary>
public static class WorkerPhases
{
    /// <summary>The state's name on the wire: the original's lower-case words.</summary>
    public static string Wire(this WorkerPhase phase) => phase switch
    {
        WorkerPhase.Creating => "creating",
        WorkerPhase.Created => "loading",
        WorkerPhase.ModelLoading => "model_loading",
        WorkerPhase.Starting => "starting",
        WorkerPhase.Idle => "idle",
        WorkerPhase.Stopping => "stopping",
        WorkerPhase.Stopped => "stopped",
        WorkerPhase.Rebooting => "rebooting",
        WorkerPhase.Updating => "updating",
        WorkerPhase.Unavailable => "unavail",
        WorkerPhase.Error => "error",
        WorkerPhase.Destroying => "destroying",
        _ => "unknown",
    };

    /// <summary>On its way to be ready: capacity that is coming.</summary>
    public static bool IsComing(this WorkerPhase phase) =>
        phase is WorkerPhase.Creating or WorkerPhase.Created or WorkerPhase.ModelLoading or WorkerPhase.Starting or WorkerPhase.Rebooting or WorkerPhase.Updating;

    /// <summary>Runs, so that its GPU costs money.</summary>
    public static bool IsPaid(this WorkerPhase phase) =>
        phase is not (WorkerPhase.Creating or WorkerPhase.Stopped or WorkerPhase.Error or WorkerPhase.Destroying);

    /// <summary>Has, or should have, a process.</summary>
    public static bool ShouldRun(this WorkerPhase phase) =>
        phase is WorkerPhase.Created or WorkerPhase.ModelLoading or WorkerPhase.Starting or WorkerPhase.Idle or WorkerPhase.Unavailable;

    /// <summary>On its way out for good.</summary>
    public static bool IsLeaving(this WorkerPhase phase) => phase is WorkerPhase.Destroying;
}
