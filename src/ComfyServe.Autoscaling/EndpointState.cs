namespace ComfyServe.Autoscaling;

/// <summary>What an endpoint's owner wants of it.</summary>
public enum EndpointState
{
    /// <summary>Scaled by demand.</summary>
    Active,

    /// <summary>Workers keep their state: none is recruited or released, those that load finish.</summary>
    Suspended,

    /// <summary>All workers inactive.</summary>
    Stopped,
}
