namespace ComfyServe.Provisioning.Manifest;

/// <summary>What every entry has: the conditions under which it counts (all of them).</summary>
internal abstract record ManifestEntry
{
    /// <summary>All must hold.</summary>
    public IReadOnlyList<Condition> When { get; init; } = [];
}

/// <summary>A file to fetch: a model, or any other.</summary>
/// <param name="Url">Where it comes from.</param>
/// <param name="Destination">Absolute path; ends in <c>/</c> where the server names the file.</param>
internal sealed record FetchedFile(Uri Url, string Destination) : ManifestEntry
{
    /// <summary>Expected SHA-256, lower case.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Expected length in bytes.</summary>
    public long? Size { get; init; }
}

/// <summary>A file whose text is in the manifest.</summary>
/// <param name="Destination">Absolute path.</param>
/// <param name="Content">The text.</param>
/// <param name="Mode">Permissions.</param>
internal sealed record WrittenFile(string Destination, string Content, UnixFileMode Mode) : ManifestEntry;

/// <summary>A workflow to save for the editor, whose models are fetched too where it names their URLs.</summary>
/// <param name="Source">URL or path of its JSON.</param>
/// <param name="Name">File name without folder.</param>
internal sealed record WorkflowEntry(string Source, string Name) : ManifestEntry;

/// <summary>A git repository at one commit: nodes for a real ComfyUI beside us, or anything else.</summary>
/// <param name="Url">The repository.</param>
/// <param name="Folder">Absolute path of the working copy.</param>
/// <param name="Reference">The commit (40 hex digits); from an environment shortcut also a branch, a tag or nothing.</param>
internal sealed record GitEntry(string Url, string Folder, string? Reference) : ManifestEntry
{
    /// <summary>Fetch its submodules at the commits that it names.</summary>
    public bool Submodules { get; init; }

    /// <summary>Install its <c>requirements.txt</c> with pip.</summary>
    public bool Requirements { get; init; }

    /// <summary>The reference is a commit, which can never mean other content.</summary>
    public bool IsPinned => Reference is { Length: 40 } && Reference.All(char.IsAsciiHexDigit);
}

/// <summary>Python packages to install in one go.</summary>
/// <param name="Packages">Requirements as pip takes them.</param>
/// <param name="RequirementsFile">Or a file of them.</param>
internal sealed record PipEntry(IReadOnlyList<string> Packages, string? RequirementsFile) : ManifestEntry
{
    /// <summary>The Python interpreter; null takes <c>python3</c>.</summary>
    public string? Python { get; init; }
}

/// <summary>A shell command.</summary>
/// <param name="Run">What bash runs.</param>
/// <param name="Timeout">When it is killed; null takes the standard.</param>
internal sealed record CommandEntry(string Run, TimeSpan? Timeout) : ManifestEntry;

/// <summary>A shell script, from a URL or a path.</summary>
/// <param name="Source">URL or path.</param>
/// <param name="Sha256">Expected SHA-256 of its bytes.</param>
internal sealed record ScriptEntry(string Source, string? Sha256) : ManifestEntry;
