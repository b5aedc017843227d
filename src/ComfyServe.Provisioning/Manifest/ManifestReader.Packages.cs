namespace ComfyServe.Provisioning.Manifest;

/// <summary>Packages of Debian and Python, and git repositories.</summary>
internal sealed partial class ManifestReader
{
    private List<string> ReadApt(YamlSection top)
    {
        var packages = new List<string>();
        foreach (var (line, text) in top.Texts("apt"))
        {
            if (PackageName.IsApt(text))
            {
                packages.Add(text);
            }
            else
            {
                _mistakes.Add(line, $"'{text}' is not the name of a Debian package");
            }
        }

        return packages;
    }

    private List<PipEntry> ReadPip(YamlSection top)
    {
        var single = new List<string>();
        var entries = Each(top, "pip", "a pip entry", ReadPipEntry, (line, text) =>
        {
            CheckPip(line, text);
            single.Add(text);
            return null;
        }).ToList();
        if (single.Count > 0)
        {
            entries.Insert(0, new PipEntry(single, null));
        }

        return entries;
    }

    private PipEntry? ReadPipEntry(YamlSection section)
    {
        var when = section.Conditions();
        var packages = section.Texts("packages");
        var requirements = section.Text("requirements");
        var python = section.Text("python");
        foreach (var (line, text) in packages)
        {
            CheckPip(line, text);
        }

        if (packages.Count == 0 == requirements is null)
        {
            _mistakes.Add(section.Line, "a pip entry needs either 'packages' or 'requirements'");
            return null;
        }

        return new PipEntry([.. packages.Select(p => p.Text)], requirements is null ? null : Path.GetFullPath(requirements, _paths.Data)) { Python = python, When = when };
    }

    private void CheckPip(long line, string text)
    {
        if (!PackageName.IsPip(text))
        {
            _mistakes.Add(line, $"'{text}' is not a pip requirement; options belong into a requirements file");
        }
    }

    private GitEntry? ReadRepository(YamlSection section)
    {
        var url = section.Required("git");
        var commit = section.Required("commit");
        var to = section.Text("to") ?? (url is null ? null : RepositoryName(url));
        var submodules = section.Flag("submodules");
        var requirements = section.Flag("requirements");
        var when = section.Conditions();
        if (url is null || commit is null)
        {
            return null;
        }

        if (DataPaths.Below(_paths.CustomNodes, to ?? "..")?.TrimEnd('/') is not { } folder || folder == _paths.CustomNodes)
        {
            section.Complain("to", "'to' must be a folder below 'custom_nodes', or an absolute one");
            return null;
        }

        var entry = new GitEntry(url, folder, commit.ToLowerInvariant()) { Submodules = submodules, Requirements = requirements, When = when };
        if (!entry.IsPinned)
        {
            section.Complain("commit", "'commit' must be 40 hex digits: a branch or a tag may mean other code tomorrow ('git ls-remote URL' tells commits)");
        }

        return Claim(section.Line, entry);
    }

    /// <summary>The folder that git would choose.</summary>
    internal static string? RepositoryName(string url)
    {
        var name = DataPaths.LastName(url);
        return name?.EndsWith(".git", StringComparison.Ordinal) == true ? name[..^4] : name;
    }
}
