using System.ComponentModel;
using System.Net;
using System.Threading.Channels;
using ComfyServe.Hosting.Supervision;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Hosting.Tests.Supervision;

public sealed class SupervisorTests : IAsyncLifetime
{
    private readonly TimersSeen _time = new();
    private readonly Channel<FakeProgram> _started = Channel.CreateUnbounded<FakeProgram>();
    private readonly Channel<ProgramSnapshot> _changes = Channel.CreateUnbounded<ProgramSnapshot>();
    private readonly List<string> _lines = [];
    private readonly Answers _answers = new();
    private Exception? _refusal;
    private Supervisor? _supervisor;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_supervisor is not null)
        {
            await _supervisor.DisposeAsync();
        }

        _answers.Dispose();
    }

    [Fact]
    public async Task Start_ReadyLine_IsReadyAndKeepsTheLineToItself()
    {
        var supervisor = Begin(Program());
        var program = await StartedAsync();

        program.Error("warming up");
        Assert.Equal("engine is starting", supervisor.WhyAway);
        program.Output("ready http://127.0.0.1:1");
        await supervisor.FirstReady.WaitAsync(Cancellation);

        Assert.Null(supervisor.WhyAway);
        Assert.Equal(["engine: warming up"], _lines);
    }

    [Fact]
    public async Task End_OfAReadyProgram_StartsItAgainAfterAPauseAndSaysWhy()
    {
        var supervisor = await ReadyAsync(Program());

        (await StartedAsync(take: false)).End(137);
        await UntilAsync(ProgramPhase.Pausing);

        Assert.Equal("engine died: it was killed by signal 9 (SIGKILL); restarting in 0.5 s", supervisor.WhyAway);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        var second = await StartedAsync();
        Assert.Equal("engine died: it was killed by signal 9 (SIGKILL); it is starting again", supervisor.WhyAway);
        second.Output("ready again");
        var ready = await UntilAsync(ProgramPhase.Ready);
        Assert.Equal((1, null), (ready.Restarts, supervisor.WhyAway));
    }

    [Fact]
    public async Task End_BeforeTheFirstReady_FailsWithItsLastLineAndIsNotTriedAgain()
    {
        var supervisor = Begin(Program());
        var program = await StartedAsync();
        program.Error("no such folder");
        program.End(2);

        var failure = await Assert.ThrowsAsync<ProgramFailedException>(() => supervisor.FirstReady.WaitAsync(Cancellation));

        Assert.Equal("the engine could not be started: it ended with exit code 2: no such folder", failure.Message);
        Assert.Equal("engine ended with exit code 2", supervisor.WhyAway);
        Assert.False(_started.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Start_ProgramThatIsNotThere_FailsWithTheReason()
    {
        _refusal = new Win32Exception(2);
        var supervisor = Begin(Program());

        var failure = await Assert.ThrowsAsync<ProgramFailedException>(() => supervisor.FirstReady.WaitAsync(Cancellation));

        Assert.StartsWith("the engine could not be started: it could not be started: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NotReadyInTime_IsKilled()
    {
        var supervisor = Begin(Program() with { StartLimit = TimeSpan.FromSeconds(30) });
        var program = await StartedAsync();

        await _time.SetUpAsync(TimeSpan.FromSeconds(30));
        _time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<ProgramFailedException>(() => supervisor.FirstReady.WaitAsync(Cancellation));

        Assert.True(program.WasKilled);
        Assert.Equal("engine was not ready within 30 s", supervisor.WhyAway);
    }

    [Fact]
    public async Task Start_Probe_IsReadyWhenItAnswersWithSuccess()
    {
        var supervisor = Begin(Program() with { ReadyLine = null, Probe = new Uri("http://engine/") });
        await StartedAsync();
        await _answers.AskedAsync();
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await _answers.AskedAsync();
        }

        Assert.False(supervisor.FirstReady.IsCompleted);

        _answers.Status = HttpStatusCode.OK;
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await supervisor.FirstReady.WaitAsync(Cancellation);

        Assert.Equal(ProgramPhase.Ready, supervisor.State.Phase);
    }

    [Fact]
    public async Task Watch_TooMuchMemory_EndsTheProgramAndNamesBothNumbers()
    {
        await ReadyAsync(Program() with { MemoryLimit = 100L << 20 });
        var program = await StartedAsync(take: false);

        await _time.SetUpAsync(TimeSpan.FromSeconds(1));
        program.MemoryInUse = 101L << 20;
        _time.Advance(TimeSpan.FromSeconds(1));

        await UntilAsync(ProgramPhase.Pausing);
        Assert.True(program.WasKilled);
        Assert.Equal("was ended because it used 101 MiB of memory and may use 100", _supervisor!.State.LastEnd!.Reason);
    }

    [Fact]
    public async Task Watch_NoAnswerForLong_EndsTheProgram()
    {
        _answers.Status = HttpStatusCode.OK;
        await ReadyAsync(Program() with { Probe = new Uri("http://engine/"), SilenceLimit = TimeSpan.FromSeconds(20) });
        var program = await StartedAsync(take: false);
        await _time.SetUpAsync(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 30; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await _answers.AskedAsync();
        }

        Assert.Equal(ProgramPhase.Ready, _supervisor!.State.Phase);
        _answers.Status = HttpStatusCode.InternalServerError;
        var pausing = UntilAsync(ProgramPhase.Pausing);
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await _answers.AskedAsync();
        }

        // The last answer but one may still have been a good one: it was on its way when that changed.
        _time.Advance(TimeSpan.FromSeconds(2));
        await pausing;

        Assert.True(program.WasKilled);
        Assert.Equal("was ended because it did not answer for 20 s", _supervisor.State.LastEnd!.Reason);
    }

    [Fact]
    public async Task Stop_ProgramThatHeedsIt_IsAskedOnceAndNotKilled()
    {
        var supervisor = await ReadyAsync(Program());
        var program = await StartedAsync(take: false);

        await supervisor.StopAsync();

        Assert.Equal((1, false), (program.Terminations, program.WasKilled));
        Assert.Equal("engine was stopped", supervisor.WhyAway);
    }

    [Fact]
    public async Task Stop_ProgramThatDoesNotEnd_IsKilledAfterItsTime()
    {
        var supervisor = await ReadyAsync(Program() with { StopLimit = TimeSpan.FromSeconds(3) });
        var program = await StartedAsync(take: false);
        program.IsStubborn = true;

        var stopping = supervisor.StopAsync();
        await _time.SetUpAsync(TimeSpan.FromSeconds(3));
        _time.Advance(TimeSpan.FromSeconds(3));
        await stopping.WaitAsync(Cancellation);

        Assert.True(program.WasKilled);
    }

    [Fact]
    public async Task Stop_DuringAPause_EndsAtOnce()
    {
        var supervisor = await ReadyAsync(Program());
        (await StartedAsync(take: false)).End(1);
        await UntilAsync(ProgramPhase.Pausing);

        await supervisor.StopAsync();

        Assert.Equal(ProgramPhase.Stopped, supervisor.State.Phase);
    }

    private static SupervisedProgram Program() => new() { Name = "engine", Command = ["engine"], ReadyLine = "ready ", Prefix = "engine: " };

    private Supervisor Begin(SupervisedProgram program)
    {
        var ids = 0;
        _supervisor = new Supervisor(
            program,
            (_, take) =>
            {
                if (_refusal is not null)
                {
                    return Task.FromException<IRunningProgram>(_refusal);
                }

                var fake = new FakeProgram(++ids, take);
                _started.Writer.TryWrite(fake);
                return Task.FromResult<IRunningProgram>(fake);
            },
            new ProgramProbe(new HttpClient(_answers, disposeHandler: false), _time),
            _time,
            NullLogger.Instance)
        {
            Changed = change => _changes.Writer.TryWrite(change),
            Lines = line => _lines.Add(line.Text),
        };
        _supervisor.Start();
        return _supervisor;
    }

    private FakeProgram? _last;

    private async Task<FakeProgram> StartedAsync(bool take = true) => take ? _last = await _started.Reader.ReadAsync(Cancellation) : _last!;

    private async Task<Supervisor> ReadyAsync(SupervisedProgram program)
    {
        var supervisor = Begin(program);
        (await StartedAsync()).Output("ready ");
        await supervisor.FirstReady.WaitAsync(Cancellation);
        return supervisor;
    }

    private async Task<ProgramSnapshot> UntilAsync(ProgramPhase phase)
    {
        while (true)
        {
            if (await _changes.Reader.ReadAsync(Cancellation) is var change && change.Phase == phase)
            {
                return change;
            }
        }
    }

    /// <summary>What the program's URL answers.</summary>
    private sealed class Answers : HttpMessageHandler
    {
        private readonly Channel<int> _asked = Channel.CreateUnbounded<int>();

        public HttpStatusCode Status { get; set; } = HttpStatusCode.ServiceUnavailable;

        public async Task AskedAsync() => await _asked.Reader.ReadAsync(Cancellation);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _asked.Writer.TryWrite(1);
            return Task.FromResult(new HttpResponseMessage(Status));
        }
    }
}
