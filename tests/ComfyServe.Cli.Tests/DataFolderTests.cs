namespace ComfyServe.Cli.Tests;

public sealed class DataFolderTests
{
    [Fact]
    public void Unknown_FolderThatIsThere_IsNotTalkedAbout() => Assert.Null(DataFolder.Unknown(Path.GetTempPath()));

    [Theory]
    [InlineData("mistyped", false)]
    [InlineData("mistyped/data", true)]
    public void Unknown_FolderThatIsNotThere_IsSaid(string below, bool parentToo)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"comfyserve-{Guid.NewGuid():N}-{below}");

        var said = DataFolder.Unknown(folder)!;

        Assert.Contains($"'{folder}' is not there", said, StringComparison.Ordinal);
        Assert.Equal(parentToo, said.Contains("; nor is", StringComparison.Ordinal));
    }
}
