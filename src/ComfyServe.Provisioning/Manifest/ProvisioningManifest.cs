namespace ComfyServe.Provisioning.Manifest;

/// <summary>Everything that is wanted, of a manifest and of the environment shortcuts together, read and checked.</summary>
internal sealed record ProvisioningManifest
{
    /// <summary>Nothing.</summary>
    public static ProvisioningManifest Empty { get; } = new();

    /// <summary>Variables for the processes that are started.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Files with their text.</summary>
    public IReadOnlyList<WrittenFile> WrittenFiles { get; init; } = [];

    /// <summary>Debian packages.</summary>
    public IReadOnlyList<string> AptPackages { get; init; } = [];

    /// <summary>Git repositories.</summary>
    public IReadOnlyList<GitEntry> Repositories { get; init; } = [];

    /// <summary>Python packages.</summary>
    public IReadOnlyList<PipEntry> Pip { get; init; } = [];

    /// <summary>Workflows for the editor.</summary>
    public IReadOnlyList<WorkflowEntry> Workflows { get; init; } = [];

    /// <summary>Models and other files to fetch.</summary>
    public IReadOnlyList<FetchedFile> FetchedFiles { get; init; } = [];

    /// <summary>Commands to run when all else is right.</summary>
    public IReadOnlyList<CommandEntry> Commands { get; init; } = [];

    /// <summary>Scripts to run last.</summary>
    public IReadOnlyList<ScriptEntry> Scripts { get; init; } = [];

    /// <summary>Every entry that can have conditions.</summary>
    public IEnumerable<ManifestEntry> Entries => [.. WrittenFiles, .. Repositories, .. Pip, .. Workflows, .. FetchedFiles, .. Commands, .. Scripts];

    /// <summary>This and more, in this order.</summary>
    public ProvisioningManifest With(ProvisioningManifest more) => new()
    {
        Environment = Environment.Concat(more.Environment).GroupBy(e => e.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Value, StringComparer.Ordinal),
        WrittenFiles = [.. WrittenFiles, .. more.WrittenFiles],
        AptPackages = [.. AptPackages.Union(more.AptPackages, StringComparer.Ordinal)],
        Repositories = [.. Repositories, .. more.Repositories],
        Pip = [.. Pip, .. more.Pip],
        Workflows = [.. Workflows, .. more.Workflows],
        FetchedFiles = [.. FetchedFiles, .. more.FetchedFiles],
        Commands = [.. Commands, .. more.Commands],
        Scripts = [.. Scripts, .. more.Scripts],
    };
}
