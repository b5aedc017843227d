namespace ComfyServe.Worker.Admission;

/// <summary>What a piece of load is.</summary>
internal enum LoadKind
{
    /// <summary>A request with a ticket of its own.</summary>
    Request,

    /// <summary>A request within a session: the gateway knows the session only.</summary>
    SessionRequest,

    /// <summary>An open session: it counts as load, but nobody waits for it.</summary>
    Session,
}
