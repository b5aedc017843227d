using System.Text.RegularExpressions;
using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

/// <summary>Pages whose tables promise something and name, in the last column, the tests that show it.</summary>
public sealed partial class PromisePageTests
{
    /// <summary>A row that no test shows any more is a promise that nobody keeps.</summary>
    [Theory]
    [InlineData("security.md")]
    [InlineData("concepts/when-something-dies.md")]
    public void Table_EveryRow_NamesTestsThatThereAre(string page)
    {
        var lines = File.ReadAllLines(Path.Combine(RepositoryRoot.Path, "docs", page));
        var rows = lines.Where((line, i) => IsRow(line) && !IsRule(line) && !(i + 1 < lines.Length && IsRule(lines[i + 1]))).ToList();
        var tests = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(static f => Path.GetFileNameWithoutExtension(f)).ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.NotEmpty(Names(row)));
        Assert.All(rows, row => Assert.All(Names(row), name => Assert.Contains(name, tests)));
    }

    private static bool IsRow(string line) => line.StartsWith("| ", StringComparison.Ordinal);

    private static bool IsRule(string line) => line.StartsWith("| ---", StringComparison.Ordinal);

    private static List<string> Names(string row) => [.. TestName().Matches(row.Split('|')[^2]).Select(static m => m.Groups["name"].Value)];

    [GeneratedRegex("`(?<name>[A-Za-z0-9]+Tests)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TestName();
}
