using System.Threading.Channels;
using ComfyServe.Hosting.Supervision;
using ComfyServe.Testing;
using ComfyServe.Testing.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>The supervisor with real programs that are not ours.</summary>
public sealed class SupervisedProgramTests
{
    private readonly Channel<ProgramSnapshot> _changes = Channel.CreateUnbounded<ProgramSnapshot>();
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    [Fact(Timeout = 60_000)]
    public async Task Stop_ProgramWithAChild_EndsBoth()
    {
        var token = TestContext.Current.CancellationToken;
        await using var supervisor = Supervise("trap '' TERM; sleep 300 & echo child $!; echo ready; while :; do wait; done", stop: TimeSpan.FromMilliseconds(200));
        await supervisor.FirstReady.WaitAsync(token);
        var child = int.Parse((await LineAsync("child "))["child ".Length..], System.Globalization.CultureInfo.InvariantCulture);

        await supervisor.StopAsync();

        Assert.False(ProcessTree.Runs(child));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("echo ready; echo 'the last word' >&2; kill -SEGV $$", "was killed by signal 11 (SIGSEGV)", "the last word")]
    [InlineData("echo ready; echo 'the last word' >&2; exit 7", "ended with exit code 7", "the last word")]
    [InlineData("echo ready; exec dd if=/dev/zero of=/dev/null bs=400M", "was ended because it used", null)]
    public async Task End_OfARealProgram_IsToldAndItIsStartedAgain(string script, string reason, string? lastLine)
    {
        var token = TestContext.Current.CancellationToken;
        await using var supervisor = Supervise(script);
        await supervisor.FirstReady.WaitAsync(token);

        var end = (await UntilAsync(ProgramPhase.Pausing)).LastEnd!;
        await UntilAsync(ProgramPhase.Ready);

        Assert.StartsWith(reason, end.Reason, StringComparison.Ordinal);
        Assert.True(lastLine is null || end.LastLines.Contains(lastLine));
    }

    [Fact(Timeout = 60_000)]
    public async Task Start_ProgramThatIsNotThere_SaysSo()
    {
        var token = TestContext.Current.CancellationToken;
        await using var supervisor = Supervise(command: ["no-such-program"]);

        var failure = await Assert.ThrowsAsync<ProgramFailedException>(() => supervisor.FirstReady.WaitAsync(token));

        Assert.Contains("'no-such-program' cannot be started: No such file", failure.Message, StringComparison.Ordinal);
    }

    private Supervisor Supervise(string script = "", TimeSpan? stop = null, string[]? command = null)
    {
        var program = new SupervisedProgram
        {
            Name = "program",
            Command = command ?? ["sh", "-c", script],
            ReadyLine = "ready",
            StopLimit = stop ?? TimeSpan.FromSeconds(5),
            MemoryLimit = 200L << 20,
        };
        var comfyserve = Path.Combine(RepositoryRoot.Path, "artifacts", "bin", "ComfyServe.Cli", "release_linux-x64", "comfyserve.dll");
        var probe = new ProgramProbe(new HttpClient(), TimeProvider.System);
        var supervisor = new Supervisor(program, new ProgramLauncher(["dotnet", comfyserve]).StartAsync, probe, TimeProvider.System, NullLogger.Instance)
        {
            Changed = change => _changes.Writer.TryWrite(change),
            Lines = line => _lines.Writer.TryWrite(line.Text),
        };
        supervisor.Start();
        return supervisor;
    }

    private async Task<ProgramSnapshot> UntilAsync(ProgramPhase phase)
    {
        while (true)
        {
            if (await _changes.Reader.ReadAsync(TestContext.Current.CancellationToken) is var change && change.Phase == phase)
            {
                return change;
            }
        }
    }

    private async Task<string> LineAsync(string beginning)
    {
        while (true)
        {
            if (await _lines.Reader.ReadAsync(TestContext.Current.CancellationToken) is var line && line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }
}
