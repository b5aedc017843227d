namespace ComfyServe.Worker.Sessions;

/// <summary>Whether a caller may use a session.</summary>
internal enum SessionAccess
{
    /// <summary>It may.</summary>
    Yours,

    /// <summary>There is no such session, or no longer.</summary>
    Unknown,

    /// <summary>The ticket is not the one that the session was made with.</summary>
    NotYours,
}
