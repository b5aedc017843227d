namespace ComfyServe.Gateway.Routing;

/// <summary>Where a request stands in a router.</summary>
internal enum RequestState
{
    /// <summary>Waits for a worker.</summary>
    Queued,

    /// <summary>A ticket was given and the request has not ended.</summary>
    Assigned,

    /// <summary>Its assignment ended without news of success: the client may come back.</summary>
    Released,

    /// <summary>Ended for good. Kept for a while, so that late reports do not bring it back.</summary>
    Ended,
}
