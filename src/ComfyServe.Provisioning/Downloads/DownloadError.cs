namespace ComfyServe.Provisioning.Downloads;

/// <summary>Why a download failed.</summary>
public enum DownloadError
{
    /// <summary>It did not fail.</summary>
    None,

    /// <summary>The server says that there is no such file (404, 410).</summary>
    NotFound,

    /// <summary>The server wants a token, or refuses the one it got (401, 403).</summary>
    Unauthorized,

    /// <summary>Another refusal of the server (4xx).</summary>
    Refused,

    /// <summary>The server failed or was overloaded (408, 425, 429, 5xx), to the last attempt.</summary>
    ServerFailed,

    /// <summary>No connection, a broken one, or no bytes for too long, to the last attempt.</summary>
    ConnectionLost,

    /// <summary>The content has another length than wanted.</summary>
    WrongSize,

    /// <summary>The content has another SHA-256 than wanted.</summary>
    WrongDigest,

    /// <summary>The file system has no room for the file.</summary>
    NoSpace,

    /// <summary>The destination cannot be written.</summary>
    BadDestination,

    /// <summary>Another process has been fetching the same file for too long.</summary>
    DestinationBusy,

    /// <summary>Too many redirects, or one from https to http.</summary>
    BadRedirect,
}
