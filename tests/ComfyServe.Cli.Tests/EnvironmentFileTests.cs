namespace ComfyServe.Cli.Tests;

public sealed class EnvironmentFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Load_File_SetsWhatIsNotSetYet()
    {
        File.WriteAllText(
            _path,
            """
            # a comment
            PLAIN=one two   # the rest is a comment
            export EXPORTED=three

            QUOTED="four # five"
            SINGLE='six'
            EMPTY=
            URL=https://example.org/#part
            TAKEN=new
            """);
        var variables = new Dictionary<string, string> { ["TAKEN"] = "old" };

        var wrong = EnvironmentFile.Load(_path, variables.ContainsKey, variables.Add);

        Assert.Empty(wrong);
        Assert.Equal(
            [("EMPTY", ""), ("EXPORTED", "three"), ("PLAIN", "one two"), ("QUOTED", "four # five"), ("SINGLE", "six"), ("TAKEN", "old"), ("URL", "https://example.org/#part")],
            variables.Select(v => (v.Key, v.Value)).OrderBy(v => v.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Load_WrongLines_TellsTheirNumbersAndReadsTheOthers()
    {
        File.WriteAllText(_path, "A=1\nnonsense\n2B=3\nC=4\n");
        var variables = new Dictionary<string, string>();

        var wrong = EnvironmentFile.Load(_path, variables.ContainsKey, variables.Add);

        Assert.Equal([2, 3], wrong);
        Assert.Equal(["A", "C"], variables.Keys.Order());
    }

    [Fact]
    public void Load_NoFile_SetsNothing() =>
        Assert.Empty(EnvironmentFile.Load(_path + ".none", _ => false, (_, _) => Assert.Fail("there is no file")));
}
