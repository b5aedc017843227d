using System.Text.RegularExpressions;
using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

public sealed partial class SecurityPageTests
{
    /// <summary>A row of the threat table that no test shows any more is a promise that nobody keeps.</summary>
    [Fact]
    public void ThreatTable_EveryRow_NamesTestsThatThereAre()
    {
        var rows = File.ReadLines(Path.Combine(RepositoryRoot.Path, "docs", "security.md")).Where(static l => l.StartsWith("| ", StringComparison.Ordinal))
            .Where(static l => !l.StartsWith("| threat", StringComparison.Ordinal) && !l.StartsWith("| ---", StringComparison.Ordinal)).ToList();
        var tests = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(static f => Path.GetFileNameWithoutExtension(f)).ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.NotEmpty(Names(row)));
        Assert.All(rows, row => Assert.All(Names(row), name => Assert.Contains(name, tests)));
    }

    private static List<string> Names(string row) => [.. TestName().Matches(row.Split('|')[^2]).Select(static m => m.Groups["name"].Value)];

    [GeneratedRegex("`(?<name>[A-Za-z0-9]+Tests)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TestName();
}
