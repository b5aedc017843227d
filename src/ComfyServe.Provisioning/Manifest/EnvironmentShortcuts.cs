using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Provisioning.Manifest;

/// <summary>
/// Wishes that environment variables carry, as the original template's: entries are separated by <c>;</c>, fields by <c>|</c>.
/// </summary>
internal sealed class EnvironmentShortcuts
{
    private readonly Func<string, string?> _environment;
    private readonly DataPaths _paths;
    private readonly List<ManifestMistake> _mistakes = [];

    private EnvironmentShortcuts(Func<string, string?> environment, DataPaths paths)
    {
        _environment = environment;
        _paths = paths;
    }

    /// <summary>The variables that are read here.</summary>
    public static IReadOnlyList<string> Variables { get; } =
    [
        "PROVISIONING_DOWNLOADS", "PROVISIONING_GIT_REPOS", "PROVISIONING_APT", "PROVISIONING_PIP", "PROVISIONING_CONDA",
        "PROVISIONING_POST_COMMANDS", "PROVISIONING_COMFYUI_WORKFLOWS", "PROVISIONING_SCRIPT",
    ];

    /// <summary>Reads them all.</summary>
    public static ManifestReading Read(Func<string, string?> environment, DataPaths paths)
    {
        var shortcuts = new EnvironmentShortcuts(environment, paths);
        var manifest = shortcuts.Read();
        return new ManifestReading(manifest, shortcuts._mistakes);
    }

    private ProvisioningManifest Read()
    {
        if (Entries("PROVISIONING_CONDA").Count > 0)
        {
            Complain("PROVISIONING_CONDA", "conda packages are not supported; use PROVISIONING_PIP, or install them in PROVISIONING_POST_COMMANDS");
        }

        return new ProvisioningManifest
        {
            FetchedFiles = [.. Entries("PROVISIONING_DOWNLOADS").Select(Download).OfType<FetchedFile>()],
            Repositories = [.. Entries("PROVISIONING_GIT_REPOS").Select(Repository).OfType<GitEntry>()],
            AptPackages = [.. Names("PROVISIONING_APT").Where(n => Checked("PROVISIONING_APT", n, PackageName.IsApt(n)))],
            Pip = Pip(),
            Commands = [.. Entries("PROVISIONING_POST_COMMANDS").Select(c => new CommandEntry(c, null))],
            Workflows = [.. Entries("PROVISIONING_COMFYUI_WORKFLOWS").Select(Workflow).OfType<WorkflowEntry>()],
            Scripts = _environment("PROVISIONING_SCRIPT") is { Length: > 0 } script ? [new ScriptEntry(SourcePlace.Resolve(script.Trim(), null), null)] : [],
        };
    }

    private FetchedFile? Download(string entry)
    {
        var fields = entry.Split('|', StringSplitOptions.TrimEntries);
        if (fields.Length != 2 || SourcePlace.Web(fields[0]) is not { } url)
        {
            Complain("PROVISIONING_DOWNLOADS", $"'{ShownUrl.Of(entry)}' must be 'URL|DESTINATION'");
            return null;
        }

        if (DataPaths.Below(_paths.Data, fields[1]) is not { } destination)
        {
            Complain("PROVISIONING_DOWNLOADS", $"'{fields[1]}' leaves '{_paths.Data}'; give an absolute path where that is meant");
            return null;
        }

        return new FetchedFile(url, destination);
    }

    private GitEntry? Repository(string entry)
    {
        var fields = entry.Split('|', StringSplitOptions.TrimEntries);
        var folder = fields.Length > 1 && fields[1].Length > 0 ? fields[1] : ManifestReader.RepositoryName(fields[0]);
        if (fields.Length > 3 || fields[0].Length == 0 || folder is null || DataPaths.Below(_paths.CustomNodes, folder) is not { } full)
        {
            Complain("PROVISIONING_GIT_REPOS", $"'{ShownUrl.Of(entry)}' must be 'URL|FOLDER|COMMIT', the folder below 'custom_nodes' or absolute");
            return null;
        }

        return new GitEntry(fields[0], full.TrimEnd('/'), fields.Length == 3 && fields[2].Length > 0 ? fields[2] : null);
    }

    private WorkflowEntry? Workflow(string source)
    {
        if (DataPaths.LastName(source) is not { } name)
        {
            Complain("PROVISIONING_COMFYUI_WORKFLOWS", $"'{ShownUrl.Of(source)}' names no file");
            return null;
        }

        return new WorkflowEntry(SourcePlace.Resolve(source, null), name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? name : name + ".json");
    }

    private IReadOnlyList<PipEntry> Pip()
    {
        var packages = Names("PROVISIONING_PIP").Where(n => Checked("PROVISIONING_PIP", n, PackageName.IsPip(n))).ToList();
        return packages.Count == 0 ? [] : [new PipEntry(packages, null)];
    }

    private bool Checked(string variable, string name, bool right)
    {
        if (!right)
        {
            Complain(variable, $"'{name}' is not the name of a package");
        }

        return right;
    }

    private List<string> Entries(string variable) =>
        [.. (_environment(variable) ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Names are separated by blanks too.</summary>
    private List<string> Names(string variable) =>
        [.. Entries(variable).SelectMany(e => e.Split([' ', '\t', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    private void Complain(string variable, string message) => _mistakes.Add(new ManifestMistake(variable, 0, message));
}
