namespace ComfyServe.Provisioning.Downloads;

/// <summary>Where a download stands.</summary>
/// <param name="Request">The download.</param>
/// <param name="Name">The file's name, or the URL's host while the name is not known.</param>
/// <param name="Received">Bytes of the file that are on disk.</param>
/// <param name="Total">Its length, where known.</param>
public sealed record DownloadProgress(DownloadRequest Request, string Name, long Received, long? Total);
