namespace ComfyServe.Api.Outputs;

/// <summary>An output in an object store.</summary>
/// <param name="Url">Pre-signed URL for a plain GET.</param>
/// <param name="LocalPath">Path on this machine, or blank.</param>
internal sealed record StoredObject(string Url, string LocalPath);
