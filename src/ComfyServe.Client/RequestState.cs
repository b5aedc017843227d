namespace ComfyServe.Client;

/// <summary>States of a request as the client sees them.</summary>
public enum RequestState
{
    /// <summary>Asking the gateway for a worker.</summary>
    Routing,

    /// <summary>All workers are busy.</summary>
    Waiting,

    /// <summary>A worker has the request.</summary>
    Running,

    /// <summary>A worker failed in a transient way; another is tried.</summary>
    Retrying,
}
