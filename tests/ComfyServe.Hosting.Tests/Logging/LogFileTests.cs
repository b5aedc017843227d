using ComfyServe.Hosting.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Hosting.Tests.Logging;

public sealed class LogFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-logs-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_Event_IsOneLine()
    {
        Write(new LogFile(Path.Combine(_folder, "logs"), "gateway", _time, Assert.Fail), "first\nsecond");

        var path = Path.Combine(_folder, "logs", "gateway.log");
        Assert.Equal("2026-01-02T03:04:05.000Z Warning: Tests[7] first second\n", File.ReadAllText(path));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public void Write_AfterARestart_IsAppended()
    {
        Write(new LogFile(_folder, "gateway", _time, Assert.Fail), "before");
        Write(new LogFile(_folder, "gateway", _time, Assert.Fail), "after");

        Assert.Equal(["before", "after"], File.ReadAllLines(Path.Combine(_folder, "gateway.log")).Select(static l => l.Split(' ')[^1]));
    }

    [Fact]
    public void Write_FileIsFull_IsTurnedOverAndNeverTakesMoreThanTwice()
    {
        Write(new LogFile(_folder, "gateway", _time, Assert.Fail, largest: 500), [.. Enumerable.Range(0, 100).Select(static n => $"event {n}")]);

        var (log, old) = (File.ReadAllLines(Path.Combine(_folder, "gateway.log")), File.ReadAllLines(Path.Combine(_folder, "gateway.log.old")));
        Assert.EndsWith("event 99", log[^1], StringComparison.Ordinal);
        Assert.EndsWith($"event {99 - log.Length}", old[^1], StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(_folder), static f => Assert.InRange(new FileInfo(f).Length, 1, 500));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void Open_PlaceThatCannotBeWritten_SaysSoAndGoesOn()
    {
        var complaints = new List<string>();

        Write(new LogFile("/proc/comfyserve", "gateway", _time, complaints.Add), "lost");

        Assert.Contains("COMFYSERVE_LOGS", Assert.Single(complaints), StringComparison.Ordinal);
    }

    private static void Write(LogFile file, params string[] messages)
    {
        using (file)
        {
            var logger = file.CreateLogger("Tests");
            foreach (var message in messages)
            {
                logger.Log(LogLevel.Warning, new EventId(7), message, null, static (text, _) => text);
            }
        }
    }
}
