namespace ComfyServe.Provisioning.Downloads;

/// <summary>One file to fetch.</summary>
/// <param name="Url">Where it comes from: http or https.</param>
/// <param name="Destination">
/// Absolute path of the file; ends in <c>/</c> where the server names the file and this is its folder.
/// </param>
public sealed record DownloadRequest(Uri Url, string Destination)
{
    /// <summary>The SHA-256 that the content must have, 64 lower-case hex digits.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The length in bytes that the content must have.</summary>
    public long? Size { get; init; }

    /// <summary>A file that is there counts as another one, unless its SHA-256 is the wanted one.</summary>
    public bool Replace { get; init; }

    /// <summary>The destination is a folder and the server names the file.</summary>
    public bool IntoFolder => Destination.EndsWith('/');
}
