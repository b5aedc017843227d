namespace ComfyServe.Autoscaling;

/// <summary>The states of a worker, from recruiting to the end.</summary>
public enum WorkerPhase
{
    /// <summary>Its provider is making it.</summary>
    Creating,

    /// <summary>Made; it has not reported.</summary>
    Created,

    /// <summary>Reported for the first time; not ready.</summary>
    ModelLoading,

    /// <summary>Started again after it had been ready before; not ready.</summary>
    Starting,

    /// <summary>Ready: takes requests.</summary>
    Idle,

    /// <summary>Takes nothing new, finishes what it has, then stops.</summary>
    Stopping,

    /// <summary>Made and loaded before, not running: costs only its disk.</summary>
    Stopped,

    /// <summary>Is being restarted after an error.</summary>
    Rebooting,

    /// <summary>Takes nothing new, finishes what it has, then is restarted with its group's new template.</summary>
    Updating,

    /// <summary>Was ready and is silent.</summary>
    Unavailable,

    /// <summary>Broken: its own report says so, or it did not come up in time.</summary>
    Error,

    /// <summary>Takes nothing new, finishes what it has, then is removed.</summary>
    Destroying,
}
