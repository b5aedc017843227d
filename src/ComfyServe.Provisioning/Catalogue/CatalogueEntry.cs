namespace ComfyServe.Provisioning.Catalogue;

/// <summary>A model that can be named without a URL.</summary>
/// <param name="Name">The file's name, as workflows write it.</param>
/// <param name="Folder">Its folder below <c>models/</c>.</param>
/// <param name="Url">Where it is.</param>
/// <param name="Sha256">SHA-256 of its content.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Licence">Its licence.</param>
public sealed record CatalogueEntry(string Name, string Folder, Uri Url, string Sha256, long Size, string Licence)
{
    /// <summary>Another short name.</summary>
    public required string Alias { get; init; }
}
