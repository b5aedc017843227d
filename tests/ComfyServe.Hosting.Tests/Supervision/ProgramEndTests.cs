using System.Text;
using ComfyServe.Hosting.Supervision;

namespace ComfyServe.Hosting.Tests.Supervision;

public sealed class ProgramEndTests
{
    [Theory]
    [InlineData(0, "ended with exit code 0")]
    [InlineData(3, "ended with exit code 3")]
    [InlineData(128, "ended with exit code 128")]
    [InlineData(134, "was killed by signal 6 (SIGABRT)")]
    [InlineData(137, "was killed by signal 9 (SIGKILL)")]
    [InlineData(139, "was killed by signal 11 (SIGSEGV)")]
    [InlineData(162, "was killed by signal 34")]
    [InlineData(255, "ended with exit code 255")]
    public void Reason_ExitCode_TellsSignalsFromCodes(int exitCode, string reason) => Assert.Equal(reason, new ProgramEnd(exitCode, null, []).Reason);

    [Fact]
    public void Reason_KernelWithoutMemory_SaysSo() =>
        Assert.Equal("was killed by signal 9 (SIGKILL): the kernel had no memory left for it", new ProgramEnd(137, null, []) { WasOutOfMemory = true }.Reason);

    [Fact]
    public void Reason_EndedByTheSupervisor_IsTheSupervisorsCause() => Assert.Equal("was not ready within 5 s", new ProgramEnd(137, "was not ready within 5 s", []).Reason);

    [Fact]
    public void LineReader_LongAndOpenLines_AreCutAndKept()
    {
        var lines = new List<string>();
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes($"one\r\n{new string('x', 3 * LineReader.Longest)}\n\nünfinished"));

        LineReader.Read(stream, lines.Add);

        Assert.Equal(["one", new string('x', LineReader.Longest), "", "ünfinished"], lines);
    }

    [Fact]
    public void LineTail_ManyLines_KeepsTheLast()
    {
        var tail = new LineTail();
        for (var i = 0; i < 100; i++)
        {
            tail.Add($"{i}");
        }

        Assert.Equal(Enumerable.Range(80, 20).Select(static i => $"{i}"), tail.Snapshot());
    }
}
