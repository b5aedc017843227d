namespace ComfyServe.Provisioning.CleanUp;

/// <summary>What unfinished jobs need.</summary>
/// <param name="Since">Nothing written at or after this moment may go; null where no job is unfinished.</param>
/// <param name="Names">Files that waiting and running workflows name, below their folders.</param>
public sealed record LiveFiles(DateTimeOffset? Since, IReadOnlySet<string> Names)
{
    /// <summary>No job is unfinished.</summary>
    public static LiveFiles None { get; } = new(null, new HashSet<string>(StringComparer.Ordinal));

    /// <summary>Whether a job may need the file.</summary>
    public bool Protects(StoredFile file) => file.Modified >= Since || Names.Contains(file.Name);
}
