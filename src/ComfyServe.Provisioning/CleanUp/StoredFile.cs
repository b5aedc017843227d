namespace ComfyServe.Provisioning.CleanUp;

/// <summary>A file that clean-up may delete, as it was when the folder was read.</summary>
/// <param name="Root">The folder that was read.</param>
/// <param name="Name">Its path below the root, with slashes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes that it takes on disk.</param>
/// <param name="Modified">When it was written last.</param>
public sealed record StoredFile(string Root, string Name, FileKind Kind, long Size, DateTimeOffset Modified)
{
    /// <summary>Its full path.</summary>
    public string Path => System.IO.Path.Combine(Root, Name);
}
