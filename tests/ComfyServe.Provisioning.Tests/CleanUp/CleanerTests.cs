using System.Diagnostics;
using ComfyServe.Provisioning.CleanUp;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Provisioning.Tests.CleanUp;

public sealed class CleanerTests : IDisposable
{
    /// <summary>Never reached: everything that may go, goes.</summary>
    private static readonly CleanUpRules Hungry = new() { LowMark = long.MaxValue, HighMark = long.MaxValue, MaxAge = TimeSpan.FromHours(24) };

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _folder.Dispose();
        _http.Dispose();
    }

    [Fact]
    public async Task Run_EnoughFree_TouchesNothing()
    {
        Write("output/old.png", 48);
        await using var services = await FakeServices.StartAsync();

        var report = await Cleaner(services, Hungry with { LowMark = 0, HighMark = 0 }).RunAsync(dryRun: false, TestContext.Current.CancellationToken);

        Assert.True(report.Reached);
        Assert.True(File.Exists(_folder["output", "old.png"]));
        Assert.Empty(services.Freed);
    }

    [Fact]
    public async Task Run_Full_DeletesWhatMayGoAndWhatItLeavesBehind()
    {
        Write("output/done/old.png", 48);
        Write("output/model.safetensors", 48);
        Write("temp/preview.png", 48);
        Write("api/outputs/job/result.png", 48);
        Write("input/" + new string('a', 32) + ".png", 48);
        Write("input/photo.png", 48);
        Directory.SetLastWriteTimeUtc(_folder["output", "done"], DateTime.UnixEpoch);
        File.CreateSymbolicLink(_folder["output", "gone.png"], "/nowhere/at/all.png");
        Directory.CreateDirectory(_folder["outside"]);
        File.WriteAllText(_folder["outside", "kept.txt"], "x");
        File.CreateSymbolicLink(_folder["output", "link"], _folder["outside"]);
        await using var services = await FakeServices.StartAsync();

        var report = await Cleaner(services, Hungry).RunAsync(dryRun: false, TestContext.Current.CancellationToken);

        Assert.Equal(4, report.Deleted.Count);
        Assert.Equal(1, report.DanglingLinks);
        Assert.False(File.Exists(_folder["output", "done", "old.png"]));
        Assert.True(File.Exists(_folder["output", "model.safetensors"]));
        Assert.True(File.Exists(_folder["input", "photo.png"]));
        Assert.True(File.Exists(_folder["outside", "kept.txt"]));
        Assert.Contains("free_memory", Assert.Single(services.Freed), StringComparison.Ordinal);
        Assert.False(report.Reached);
    }

    [Fact]
    public async Task Run_DryRun_DeletesNothing()
    {
        Write("output/old.png", 48);
        await using var services = await FakeServices.StartAsync();

        var report = await Cleaner(services, Hungry).RunAsync(dryRun: true, TestContext.Current.CancellationToken);

        Assert.Single(report.Deleted);
        Assert.True(File.Exists(_folder["output", "old.png"]));
        Assert.Empty(services.Freed);
    }

    [Fact]
    public async Task Run_JobsRunning_KeepsTheirFiles()
    {
        var named = new string('b', 32) + ".png";
        Write("input/" + named, 48);
        Write("output/earlier.png", 3);
        Write("output/now.png", 0.5);
        await using var services = await FakeServices.StartAsync();
        services.Queue = $$$$"""{"queue_running": [], "queue_pending": [[1, "id", {"1": {"inputs": {"image": "{{{{named}}}} [input]"}}}, {}, []]]}""";
        services.Jobs = """{"oldest_unfinished_seconds": 3600}""";

        var report = await Cleaner(services, Hungry).RunAsync(dryRun: false, TestContext.Current.CancellationToken);

        Assert.Equal("earlier.png", Assert.Single(report.Deleted).Name);
    }

    [Fact]
    public async Task Run_ServiceDoesNotTell_DeletesOnlyOldFiles()
    {
        Write("output/old.png", 25);
        Write("output/young.png", 23);
        await using var services = await FakeServices.StartAsync();
        services.Jobs = null;

        var report = await Cleaner(services, Hungry).RunAsync(dryRun: false, TestContext.Current.CancellationToken);

        Assert.False(report.JobsKnown);
        Assert.Equal("old.png", Assert.Single(report.Deleted).Name);
    }

    [Fact]
    public async Task Run_NothingListens_HasNoJobs()
    {
        Write("output/young.png", 1);
        var nobody = new Uri("http://127.0.0.1:1/");
        var cleaner = new Cleaner(CleanUpFolder.Of(_folder.Path), Hungry, new ServiceJobs(_http, [nobody], () => [nobody], TimeProvider.System), Full, TimeProvider.System, NullLogger<Cleaner>.Instance);

        var report = await cleaner.RunAsync(dryRun: false, TestContext.Current.CancellationToken);

        Assert.True(report.JobsKnown);
        Assert.Single(report.Deleted);
    }

    [Fact]
    public async Task Run_SmallDiskWithJobsRunning_KeepsTheMarkAndEveryLiveFile()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a small disk needs root");
        Assert.SkipUnless(Mount(_folder["output"], "8m"), "this machine does not let us mount a tmpfs");
        try
        {
            for (var i = 0; i < 60; i++)
            {
                Write($"output/job-{i % 7}/{i:00}.png", 60 - i, 120_000);
            }

            await using var services = await FakeServices.StartAsync();
            services.Jobs = """{"oldest_unfinished_seconds": 72000}""";
            var rules = new CleanUpRules { LowMark = 2 << 20, HighMark = 4 << 20, MaxAge = TimeSpan.FromHours(50) };

            var report = await Cleaner(services, rules, VolumeSpace.Of).RunAsync(dryRun: false, TestContext.Current.CancellationToken);

            var left = Directory.GetFiles(_folder["output"], "*.png", SearchOption.AllDirectories).Select(f => int.Parse(Path.GetFileNameWithoutExtension(f))).Order().ToList();
            Assert.True(report.Reached);
            Assert.True(new DriveInfo(_folder["output"]).AvailableFreeSpace >= rules.HighMark);
            Assert.All(Enumerable.Range(40, 20), i => Assert.Contains(i, left));
            Assert.Equal(Enumerable.Range(left[0], 60 - left[0]), left);
            Assert.True(left[0] is > 10 and <= 40, $"the first file left is {left[0]}");
        }
        finally
        {
            Start("umount", _folder["output"]);
        }
    }

    private static bool Start(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardError.ReadToEnd();
        return process.WaitForExit(10_000) && process.ExitCode == 0;
    }

    private static bool Mount(string folder, string size)
    {
        Directory.CreateDirectory(folder);
        return Start("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder);
    }

    private void Write(string name, double hoursAgo, int size = 5000)
    {
        var path = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, new byte[size]);
        File.SetLastWriteTimeUtc(path, (TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(hoursAgo)).UtcDateTime);
    }

    private static VolumeSpace Full(string folder) => new(0, 1L << 50);

    private Cleaner Cleaner(FakeServices services, CleanUpRules rules, Func<string, VolumeSpace>? space = null) =>
        new(CleanUpFolder.Of(_folder.Path), rules, new ServiceJobs(_http, [services.Url], () => [services.Url], TimeProvider.System), space ?? Full, TimeProvider.System, NullLogger<Cleaner>.Instance);
}
