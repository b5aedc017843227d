namespace ComfyServe.Provisioning.Downloads;

/// <summary>One attempt failed: the downloader turns it into a retry or a result.</summary>
internal sealed class DownloadException(DownloadError error, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public DownloadError Error { get; } = error;

    /// <summary>What the server asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Another attempt makes sense.</summary>
    public bool IsTransient => Error is DownloadError.ServerFailed or DownloadError.ConnectionLost or DownloadError.WrongDigest or DownloadError.WrongSize;
}
