namespace ComfyServe.Provisioning.CleanUp;

/// <summary>What a clean-up did, or would do.</summary>
public sealed record CleanUpReport
{
    /// <summary>Files that went.</summary>
    public IReadOnlyList<StoredFile> Deleted { get; init; } = [];

    /// <summary>Links without a target that went.</summary>
    public int DanglingLinks { get; init; }

    /// <summary>Empty folders that went.</summary>
    public int EmptyFolders { get; init; }

    /// <summary>Bytes free at the end on the fullest of the file systems.</summary>
    public long Free { get; init; }

    /// <summary>There was enough room, or there is now.</summary>
    public bool Reached { get; init; }

    /// <summary>It is known what jobs need; where it is not, only old files went.</summary>
    public bool JobsKnown { get; init; }
}
