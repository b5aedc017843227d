namespace ComfyServe.Worker.Tickets;

/// <summary>Whether a ticket is good, or why not.</summary>
internal enum TicketVerdict
{
    /// <summary>Good, and its grant vouches for its cost and request.</summary>
    Granted,

    /// <summary>Good as far as the original's signature goes, which covers the worker's URL only.</summary>
    Signed,

    /// <summary>Not looked at: the worker is unsecured.</summary>
    Unsecured,

    /// <summary>The gateway's public key is not here yet.</summary>
    NoKey,

    /// <summary>For another worker.</summary>
    OtherWorker,

    /// <summary>The signature is not the gateway's.</summary>
    BadSignature,

    /// <summary>An older ticket that was used before, or whose number is long past.</summary>
    Stale,

    /// <summary>The gateway gives grants, and this ticket has none.</summary>
    GrantMissing,

    /// <summary>The grant does not fit the ticket.</summary>
    GrantInvalid,

    /// <summary>The ticket has ended.</summary>
    Expired,

    /// <summary>The ticket was used before.</summary>
    Replayed,
}
