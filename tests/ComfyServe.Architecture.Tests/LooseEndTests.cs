using System.Text.RegularExpressions;
using System.Xml.Linq;
using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

/// <summary>What is written down and used by nobody, or used twice for different things.</summary>
public sealed partial class LooseEndTests
{
    private static readonly string[] Folders = ["src", "tests", "bench"];

    [Fact]
    public void LogEvents_OfAllProjects_HaveANumberEach()
    {
        var numbers = Sources("src", "*.cs").SelectMany(static f => EventNumber().Matches(File.ReadAllText(f)).Select(m => (Number: m.Groups["number"].Value, File: f))).ToList();

        Assert.NotEmpty(numbers);
        Assert.Empty(numbers.GroupBy(static n => n.Number).Where(static g => g.Count() > 1).Select(static g => $"{g.Key}: {string.Join(", ", g.Select(static n => n.File))}"));
    }

    [Fact]
    public void PackageVersions_AreThoseOfReferences()
    {
        var root = RepositoryRoot.Path;
        var named = XDocument.Load(Path.Combine(root, "Directory.Packages.props")).Descendants("PackageVersion").Select(static p => p.Attribute("Include")!.Value);
        var referenced = Folders.SelectMany(static f => Sources(f, "*.csproj").Concat(Sources(f, "*.props"))).Concat(Directory.GetFiles(root, "Directory.Build.*"))
            .SelectMany(static f => XDocument.Load(f).Descendants("PackageReference").Select(static r => (r.Attribute("Include") ?? r.Attribute("Update"))?.Value));

        Assert.Empty(named.Except(referenced));
    }

    private static IEnumerable<string> Sources(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, folder), pattern, SearchOption.AllDirectories);

    [GeneratedRegex(@"LoggerMessage\((?<number>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EventNumber();
}
