using ComfyServe.Provisioning.CleanUp;
using CsCheck;

namespace ComfyServe.Provisioning.Tests.CleanUp;

public sealed class CleanUpPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly CleanUpRules Rules = new() { LowMark = 100, HighMark = 200, MaxAge = TimeSpan.FromHours(24) };

    [Fact]
    public void Decide_EnoughFree_DeletesNothing()
    {
        var plan = CleanUpPolicy.Decide(new DiskSnapshot(Now, 100, [File("old", 100, 10)], LiveFiles.None), Rules);

        Assert.Empty(plan.Deletions);
        Assert.True(plan.Reached);
    }

    [Fact]
    public void Decide_OldFiles_AllGoEvenBeyondTheMark()
    {
        var plan = CleanUpPolicy.Decide(new DiskSnapshot(Now, 99, [File("a", 30, 150), File("b", 25, 10), File("young", 1, 500)], LiveFiles.None), Rules);

        Assert.Equal(["a", "b"], plan.Deletions.Select(f => f.Name));
    }

    [Fact]
    public void Decide_OnlyYoungFiles_OldestGoUntilTheMark()
    {
        var plan = CleanUpPolicy.Decide(new DiskSnapshot(Now, 50, [File("a", 1, 100), File("b", 3, 100), File("c", 2, 100)], LiveFiles.None), Rules);

        Assert.Equal(["b", "c"], plan.Deletions.Select(f => f.Name));
        Assert.Equal(250, plan.FreeAfter);
    }

    [Fact]
    public void Decide_NoHighMark_OnlyOldFilesGoHoweverFull()
    {
        var rules = Rules with { HighMark = null };

        var enough = CleanUpPolicy.Decide(new DiskSnapshot(Now, 50, [File("old", 25, 60), File("young", 23, 900)], LiveFiles.None), rules);
        var tooFull = CleanUpPolicy.Decide(new DiskSnapshot(Now, 0, [File("old", 25, 60), File("young", 23, 900)], LiveFiles.None), rules);

        Assert.Equal(["old"], enough.Deletions.Select(f => f.Name));
        Assert.Equal(["old"], tooFull.Deletions.Select(f => f.Name));
        Assert.Equal((true, false), (enough.Reached, tooFull.Reached));
    }

    [Fact]
    public void Decide_Defaults_KeepWhatIsYoungerThanADay()
    {
        var plan = CleanUpPolicy.Decide(new DiskSnapshot(Now, 0, [File("young", 23.9, 1L << 40)], LiveFiles.None), new CleanUpRules());

        Assert.Empty(plan.Deletions);
    }

    [Theory]
    [InlineData(1L << 40, 512, 1024)]
    [InlineData(400L << 20, 100, 200)]
    [InlineData(8L << 20, 2, 4)]
    public void For_Volume_HasMarksThatItCanReach(long total, long low, long high)
    {
        var rules = new CleanUpRules { HighMark = 1L << 30 }.For(total);

        Assert.Equal((low << 20, high << 20), (rules.LowMark, rules.HighMark));
        Assert.Null(new CleanUpRules().For(total).HighMark);
    }

    [Fact]
    public void Decide_FilesOfJobs_Stay()
    {
        var live = new LiveFiles(Now - TimeSpan.FromHours(2), new HashSet<string> { "named" });

        var plan = CleanUpPolicy.Decide(new DiskSnapshot(Now, 0, [File("named", 50, 900), File("running", 2, 900), File("before", 2.1, 10)], live), Rules);

        Assert.Equal(["before"], plan.Deletions.Select(f => f.Name));
        Assert.False(plan.Reached);
    }

    [Fact]
    public void Decide_JobsNotKnown_OnlyOldFilesGo()
    {
        var plan = CleanUpPolicy.Decide(new DiskSnapshot(Now, 0, [File("old", 25, 10), File("young", 23, 900)], null), Rules);

        Assert.Equal(["old"], plan.Deletions.Select(f => f.Name));
    }

    /// <summary>A disk that fills while jobs come and go, cleaned at random moments: each plan keeps every promise.</summary>
    [Fact]
    public void Decide_RandomHistories_KeepsEveryPromise() => Gen.Int.Sample(seed =>
    {
        var random = new Random(seed);
        var capacity = random.Next(300, 3000);
        var now = Now;
        var files = new List<StoredFile>();
        var jobs = new List<(DateTimeOffset Began, string Input)>();
        for (var step = 0; step < 60; step++)
        {
            now += TimeSpan.FromMinutes(random.Next(0, 240));
            switch (random.Next(4))
            {
                case 0:
                    jobs.Add((now, files.Count > 0 && random.Next(2) == 0 ? files[random.Next(files.Count)].Name : $"input-{step}"));
                    break;
                case 1 when jobs.Count > 0:
                    jobs.RemoveAt(random.Next(jobs.Count));
                    break;
                case 2:
                    Clean(capacity, now, files, jobs, random.Next(8) == 0);
                    break;
                default:
                    files.Add(new StoredFile("/", $"file-{step}", (FileKind)random.Next(3), random.Next(0, 200), now));
                    break;
            }
        }
    });

    private static void Clean(long capacity, DateTimeOffset now, List<StoredFile> files, List<(DateTimeOffset Began, string Input)> jobs, bool unknown)
    {
        var live = new LiveFiles(jobs.Count == 0 ? null : jobs.Min(j => j.Began), jobs.Select(j => j.Input).ToHashSet());
        var free = capacity - files.Sum(f => f.Size);

        var plan = CleanUpPolicy.Decide(new DiskSnapshot(now, free, files, unknown ? null : live), Rules);

        var cutoff = now - Rules.MaxAge;
        var deleted = plan.Deletions.ToHashSet();
        var may = files.Where(f => unknown ? f.Modified < cutoff : f.Modified >= cutoff || f.Modified < cutoff).Where(f => unknown || !live.Protects(f)).ToList();
        Assert.Equal(plan.Deletions.Count, deleted.Count);
        Assert.Subset(may.ToHashSet(), deleted);
        Assert.Equal(free + deleted.Sum(f => f.Size), plan.FreeAfter);
        if (free >= Rules.LowMark)
        {
            Assert.Empty(deleted);
            return;
        }

        // All old ones go; no younger one goes before an older one; none goes without need.
        Assert.Subset(deleted, may.Where(f => f.Modified < cutoff).ToHashSet());
        var kept = may.Where(f => !deleted.Contains(f)).ToList();
        Assert.True(kept.Count == 0 || deleted.Count == 0 || deleted.Max(f => f.Modified) <= kept.Min(f => f.Modified));
        Assert.Equal(plan.FreeAfter >= Rules.HighMark, plan.Reached);
        Assert.True(plan.Reached || kept.Count == 0);
        var last = plan.Deletions.Count == 0 ? null : plan.Deletions[^1];
        Assert.True(last is null || last.Modified < cutoff || plan.FreeAfter - last.Size < Rules.HighMark);
        files.RemoveAll(deleted.Contains);
    }

    private static StoredFile File(string name, double hours, long size) => new("/data/output", name, FileKind.Output, size, Now - TimeSpan.FromHours(hours));
}
