using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

public sealed class NamingTests
{
    private static readonly string[] VagueSuffixes = ["Manager", "Helper", "Helpers", "Utils", "Util", "Utilities", "Common", "Impl"];

    [Fact]
    public void NoFile_HidesBehindAVagueName()
    {
        var vague = Sources().Where(f => VagueSuffixes.Any(s => Path.GetFileNameWithoutExtension(f).EndsWith(s, StringComparison.Ordinal)));

        Assert.Empty(vague);
    }

    [Fact]
    public void NoFile_OutgrowsFourHundredLines()
    {
        var long_ = Sources().Where(f => File.ReadLines(f).Count() > 400).Select(f => Path.GetRelativePath(RepositoryRoot.Path, f));

        Assert.Empty(long_);
    }

    [Fact]
    public void NoFile_HidesItsSizeInRegions()
    {
        var regions = Sources().Where(f => File.ReadLines(f).Any(l => l.TrimStart().StartsWith("#region", StringComparison.Ordinal)));

        Assert.Empty(regions);
    }

    [Fact]
    public void EveryNamespace_IsItsFolder()
    {
        var source = Path.Combine(RepositoryRoot.Path, "src");
        var strays = Sources().Where(f =>
        {
            var declared = File.ReadLines(f).FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal));
            var expected = Path.GetRelativePath(source, Path.GetDirectoryName(f)!).Replace('/', '.');
            return declared is not null && declared != $"namespace {expected};";
        });

        Assert.Empty(strays);
    }

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories);
}
