using ComfyServe.Engine.Folders;

namespace ComfyServe.Engine.Tests.Folders;

public sealed class OutputNumbersTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-numbers").FullName;
    private readonly OutputNumbers _numbers = new();
    private int _second;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Next_OwnFiles_AreCountedWithoutListingAgain()
    {
        Touch("a_00041_.png");

        for (var expected = 42; expected < 52; expected++)
        {
            Assert.Equal(expected, Next("a"));
            Touch($"a_{expected:00000}_.png");
            _numbers.Wrote(_folder, "a", expected);
        }

        Assert.Equal(1, Next("b"));
        Assert.Equal(1, _numbers.Listings);
    }

    [Fact]
    public void Next_FilesOfOthers_AreSeen()
    {
        Assert.Equal(1, Next("a"));

        Touch("a_00007_.png");

        Assert.Equal(8, Next("a"));
        Assert.Equal(2, _numbers.Listings);
    }

    [Fact]
    public void Next_RemovedFiles_FreeTheirNumbers()
    {
        Touch("a_00007_.png");
        Assert.Equal(8, Next("a"));

        File.Delete(Path.Combine(_folder, "a_00007_.png"));
        Change();

        Assert.Equal(1, Next("a"));
    }

    [Fact]
    public void Next_SomebodyWroteInTheSameTick_DoesNotTakeTheirNumber()
    {
        Assert.Equal(1, Next("a"));
        var changed = Directory.GetLastWriteTimeUtc(_folder);

        File.WriteAllText(Path.Combine(_folder, "a_00001_.png"), "");
        Directory.SetLastWriteTimeUtc(_folder, changed);

        Assert.Equal(2, Next("a"));
    }

    [Theory]
    [InlineData("a_b", "a_b_00003_.png", 4)]
    [InlineData("a", "a_b_00003_.png", 1)]
    [InlineData("a", "a_5", 6)]
    [InlineData("a", "a_5.png", 1)]
    [InlineData("2026_03", "2026_03_00009_.png", 10)]
    [InlineData("2026", "2026_03_00009_.png", 4)]
    [InlineData("", "_00002_.png", 3)]
    public void Next_ReadsTheNumberBehindTheName(string name, string file, int expected)
    {
        Touch(file);

        Assert.Equal(expected, Next(name));
    }

    private int Next(string name) => _numbers.Next(_folder, name, ".png");

    private void Touch(string file)
    {
        File.WriteAllText(Path.Combine(_folder, file), "");
        Change();
    }

    // The clock of files may not have ticked since the last change.
    private void Change() => Directory.SetLastWriteTimeUtc(_folder, new DateTime(2026, 1, 1, 0, 0, _second++, DateTimeKind.Utc));
}
