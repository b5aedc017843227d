namespace ComfyServe.Gateway.Routing;

/// <summary>How a request ended at a worker.</summary>
internal enum EndKind
{
    /// <summary>Answered.</summary>
    Success,

    /// <summary>The client went away.</summary>
    Cancelled,

    /// <summary>The worker was full, or did not accept the ticket.</summary>
    Rejected,

    /// <summary>The worker was not reached, or broke off: not its own word, but its client's or this gateway's.</summary>
    Unreached,

    /// <summary>The worker failed; or the older report says only that it did not succeed.</summary>
    Failed,
}
