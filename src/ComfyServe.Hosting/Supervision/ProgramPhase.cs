namespace ComfyServe.Hosting.Supervision;

/// <summary>What a supervised program is doing.</summary>
public enum ProgramPhase
{
    /// <summary>It was not started yet.</summary>
    Idle,

    /// <summary>It was started and is not ready.</summary>
    Starting,

    /// <summary>It is ready.</summary>
    Ready,

    /// <summary>It ended and is started again after a pause.</summary>
    Pausing,

    /// <summary>It was stopped, or its first start failed: it is not started again.</summary>
    Stopped,
}
