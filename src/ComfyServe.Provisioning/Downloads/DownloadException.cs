namespace ComfyServe.Provisioning.Downloads;

/// <summary>One attempt failed: the downloader turns it into a retry or a result.</summary>
internal sealed class DownloadException(DownloadError error, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public DownloadError Error { get; } = error;

    /// <summary>What the server asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>All of the content came and it is not the wanted one: once may be an accident, twice is what the server has.</summary>
    public bool IsWrongContent => Error is DownloadError.WrongDigest or DownloadError.WrongSize;

    /// <summary>Another attempt makes sense.</summary>
    public bool IsTransient => Error is DownloadError.ServerFailed or DownloadError.ConnectionLost or DownloadError.WrongDigest or DownloadError.WrongSize;
}
