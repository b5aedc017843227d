using ComfyServe.Worker.Health;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Worker.Tests.Health;

public sealed class LogTailTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-log-");
    private readonly Readiness _readiness = new(TimeProvider.System);

    private string Log => Path.Combine(_folder.FullName, "api.log");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("12:00 BACKENDS_READY_TIMEOUT after 300 s", "BACKENDS_READY_TIMEOUT")]
    [InlineData("ERROR: Application startup failed. Exiting.", "Application startup failed")]
    [InlineData("BACKEND_UNRECOVERABLE", "BACKEND_UNRECOVERABLE")]
    [InlineData("BACKENDS_READY", null)]
    [InlineData("NOT_BACKEND_UNRECOVERABLE_AT_ALL", null)]
    public void ErrorIn_Line_IsTheWholeWord(string line, string? error) => Assert.Equal(error, LogTail.ErrorIn(line));

    [Fact]
    public void Read_LogOfAnEarlierStart_IsNotTheWorkersError()
    {
        File.WriteAllText(Log, "BACKEND_UNRECOVERABLE\n");
        using var tail = Tail();

        tail.Read();
        Assert.Equal("", _readiness.Error);
        File.AppendAllText(Log, "more\nBACKEND_UNREC");
        tail.Read();
        Assert.Equal("", _readiness.Error);
        File.AppendAllText(Log, "OVERABLE\n");
        tail.Read();

        Assert.Equal("BACKEND_UNRECOVERABLE", _readiness.Error);
    }

    [Fact]
    public void Read_LogComesLater_IsReadFromItsBeginning()
    {
        using var tail = Tail();
        tail.Read();

        File.WriteAllText(Log, "Application startup failed\n");
        tail.Read();

        Assert.Equal("Application startup failed", _readiness.Error);
    }

    [Fact]
    public void Read_LogReplaced_GoesOnWithTheNewOne()
    {
        File.WriteAllText(Log, "one\n");
        using var tail = Tail();
        tail.Read();

        File.Move(Log, Log + ".old");
        File.WriteAllText(Log, "BACKENDS_READY_TIMEOUT\n");
        tail.Read();
        tail.Read();

        Assert.Equal("BACKENDS_READY_TIMEOUT", _readiness.Error);
    }

    [Fact]
    public void Read_LogEmptied_GoesOnFromItsBeginning()
    {
        File.WriteAllText(Log, new string('x', 100) + "\n");
        using var tail = Tail();
        tail.Read();

        File.WriteAllText(Log, "BACKEND_UNRECOVERABLE\n");
        tail.Read();

        Assert.Equal("BACKEND_UNRECOVERABLE", _readiness.Error);
    }

    private LogTail Tail() => new(new WorkerOptions { ApiLog = Log }, _readiness, TimeProvider.System, NullLogger<LogTail>.Instance);
}
