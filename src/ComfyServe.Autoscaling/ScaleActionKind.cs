namespace ComfyServe.Autoscaling;

/// <summary>What scaling can do.</summary>
public enum ScaleActionKind
{
    /// <summary>Make a new worker.</summary>
    Recruit,

    /// <summary>Start a stopped worker.</summary>
    Start,

    /// <summary>Let a worker that is finishing take requests again.</summary>
    Resume,

    /// <summary>Let a worker finish, then stop it; its disk stays.</summary>
    Stop,

    /// <summary>Let a worker finish, then remove it.</summary>
    Destroy,

    /// <summary>Restart a broken worker.</summary>
    Reboot,

    /// <summary>Let a worker finish, then restart it with its group's new template.</summary>
    Update,
}
