namespace ComfyServe.Api.Jobs;

/// <summary>How a request wants to be accepted.</summary>
internal readonly record struct AcceptTerms
{
    /// <summary>
    /// Whether the caller stays for the outcome: he may be told before it is on disk, since after a crash his connection is gone and he knows.
    /// Otherwise nothing is told that a crash could undo.
    /// </summary>
    public bool CallerStays { get; init; }

    /// <summary>Whether events are wanted from the start.</summary>
    public bool Streamed { get; init; }

    /// <summary>The caller's <c>Idempotency-Key</c>, or null.</summary>
    public string? IdempotencyKey { get; init; }
}
