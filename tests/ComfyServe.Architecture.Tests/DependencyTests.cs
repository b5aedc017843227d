using System.Xml.Linq;
using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

public sealed class DependencyTests
{
    /// <summary>What each project may reference: docs/architecture.md, "Folders". Arrows point down only.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Contracts"] = [],
        ["Workflows"] = ["Contracts"],
        ["Diffusion"] = [],
        ["Hosting"] = ["Contracts"],
        ["Jobs"] = ["Contracts", "Hosting"],
        ["Autoscaling"] = ["Contracts"],
        ["Client"] = ["Contracts"],
        ["Engine"] = ["Contracts", "Workflows", "Diffusion", "Hosting"],
        ["Api"] = ["Contracts", "Workflows", "Jobs", "Hosting"],
        ["Worker"] = ["Contracts", "Workflows", "Hosting"],
        ["Gateway"] = ["Contracts", "Autoscaling", "Jobs", "Workflows", "Hosting"],
        ["Dashboard"] = ["Contracts", "Client", "Hosting"],
        ["Provisioning"] = ["Contracts", "Workflows", "Hosting"],
        ["Training"] = ["Diffusion"],
        ["Cli"] = ["Contracts", "Workflows", "Diffusion", "Hosting", "Engine", "Api", "Worker", "Gateway", "Dashboard", "Client", "Provisioning", "Training", "Autoscaling", "Jobs"],
    };

    public static TheoryData<string> Projects() =>
        [.. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.csproj", SearchOption.AllDirectories)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_References_PointDownOnly(string project)
    {
        var name = Short(project);

        var references = XDocument.Load(project).Descendants("ProjectReference").Select(r => Short(r.Attribute("Include")!.Value)).ToList();

        Assert.True(Allowed.TryGetValue(name, out var allowed), $"'{name}' is not in the table of allowed references");
        Assert.Empty(references.Except(allowed));
    }

    private static string Short(string path) => Path.GetFileNameWithoutExtension(path).Replace("ComfyServe.", "", StringComparison.Ordinal);
}
