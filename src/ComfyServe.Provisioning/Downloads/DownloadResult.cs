namespace ComfyServe.Provisioning.Downloads;

/// <summary>What became of a <see cref="DownloadRequest"/>.</summary>
public sealed record DownloadResult
{
    /// <summary>What was asked for.</summary>
    public required DownloadRequest Request { get; init; }

    /// <summary>How it ended.</summary>
    public required DownloadOutcome Outcome { get; init; }

    /// <summary>Where the file is; null where even its name is not known.</summary>
    public string? Path { get; init; }

    /// <summary>Length of the file in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Content bytes that came over the network, those of failed attempts included.</summary>
    public long BytesTransferred { get; init; }

    /// <summary>Bytes that were kept from a broken attempt or an earlier run and not fetched again.</summary>
    public long BytesResumed { get; init; }

    /// <summary>Requests that were made for the content.</summary>
    public int Attempts { get; init; }

    /// <summary>The content was compared with a SHA-256 that the manifest or the server states.</summary>
    public bool Verified { get; init; }

    /// <summary>Why it failed.</summary>
    public DownloadError Error { get; init; }

    /// <summary>The failure for people: what, which and what next. Holds no query string and no token.</summary>
    public string? Message { get; init; }

    /// <summary>The same request may well succeed later; content that was wrong twice will not.</summary>
    public bool IsTransient => Error is DownloadError.ServerFailed or DownloadError.ConnectionLost or DownloadError.DestinationBusy;
}
