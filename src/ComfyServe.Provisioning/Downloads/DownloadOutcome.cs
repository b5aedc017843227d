namespace ComfyServe.Provisioning.Downloads;

/// <summary>How a download ended.</summary>
public enum DownloadOutcome
{
    /// <summary>The file was fetched, checked and moved to its place.</summary>
    Downloaded,

    /// <summary>The file was there already, and right as far as size and digest are known.</summary>
    AlreadyThere,

    /// <summary>The file is not there, or not right; the error says why.</summary>
    Failed,
}
