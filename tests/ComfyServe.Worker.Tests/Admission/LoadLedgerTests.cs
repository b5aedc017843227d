using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Benchmark;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Worker.Tests.Admission;

public sealed class LoadLedgerTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));
    private readonly WorkerOptions _options = new();
    private readonly Score _score = new();
    private readonly LoadLedger _ledger;

    public LoadLedgerTests() => _ledger = new LoadLedger(_options, _score, _time);

    [Fact]
    public void WaitTime_Idle_IsZeroWhateverThePerf() // 38
    {
        Assert.Equal(0.0, _ledger.WaitTime);
        _score.Measured(5);
        Assert.Equal(0.0, _ledger.WaitTime);
    }

    [Fact]
    public void WaitTime_NotMeasured_IsVeryLong() // 37
    {
        _ledger.TryEnter(1, 1.0, LoadKind.Request);

        Assert.Equal(100_000.0, _ledger.WaitTime, 6);
    }

    [Fact]
    public void WaitTime_Sessions_CountAsLoadOnly() // 39
    {
        _score.Measured(100);

        _ledger.TryEnter(1, 100, LoadKind.Session);
        _ledger.TryEnter(1, 100, LoadKind.SessionRequest);

        Assert.Equal(0.0, _ledger.WaitTime);
        Assert.Equal(200, _ledger.Totals().Pending);
        Assert.Equal([1], _ledger.Totals().Working);
    }

    [Fact]
    public void Totals_SessionsOfHugeCost_CountForHalfOfTheQueue()
    {
        _score.Measured(10);

        _ledger.TryEnter(1, 1e8, LoadKind.Session);
        _ledger.TryEnter(2, 30, LoadKind.Request);

        Assert.Equal(80, _ledger.Totals().Pending);
        Assert.Equal([1], _ledger.Totals().Sessions);
    }

    [Theory]
    [InlineData(2, false)] // 35
    [InlineData(10, true)] // exactly at the limit
    [InlineData(200, true)] // 36
    public void TryEnter_OneHundredAreHere_DependsOnTheSpeed(double perf, bool enters)
    {
        _score.Measured(perf);
        _ledger.TryEnter(1, 100, LoadKind.Request);

        Assert.Equal(enters, _ledger.TryEnter(2, 100, LoadKind.Request) is not null);
        Assert.Equal(enters ? 0 : 100, _ledger.Totals().Rejected);
    }

    [Fact]
    public void TryEnter_TooMany_IsRefusedWhateverTheSpeed()
    {
        _options.MaxRequests = 1;
        _score.Measured(1e9);
        _ledger.TryEnter(1, 100, LoadKind.Request);

        Assert.Null(_ledger.TryEnter(2, 100, LoadKind.Request));
    }

    [Fact]
    public void Reject_IsNewsWithoutTimes() // 65
    {
        _ledger.Reject(7, 100, LoadKind.Request);

        var news = Assert.Single(_ledger.Ended());
        Assert.Equal((7, false, EndedStatus.Rejected, 0.0), (news.RequestIdx, news.Success, news.Status, news.WorkStartedAt));
    }

    [Fact]
    public void Totals_StartedAndServed_CountUntilReported() // 60
    {
        _score.Measured(200);
        var entry = _ledger.TryEnter(101, 100, LoadKind.Request)!;
        _ledger.Start(entry);
        var before = _ledger.Totals();
        _ledger.Reported(before);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        _ledger.End(entry, WorkOutcome.Served);
        var after = _ledger.Totals();

        Assert.Equal((100, 100, 0), (before.Pending, before.Received, before.Served));
        Assert.Equal([101], before.Working);
        Assert.Equal((0, 0, 100), (after.Pending, after.Received, after.Served));
        Assert.Empty(after.Working);
        var news = Assert.Single(_ledger.Ended());
        Assert.Equal((true, EndedStatus.Success, 0.5), (news.Success, news.Status, Math.Round(news.WorkCompletedAt - news.WorkStartedAt, 3)));
    }

    [Fact]
    public void Totals_NotReported_AreKept() // 61
    {
        _score.Measured(200);
        _ledger.End(_ledger.TryEnter(1, 100, LoadKind.Request)!, WorkOutcome.Served);
        _ = _ledger.Totals();
        _ledger.End(_ledger.TryEnter(2, 100, LoadKind.Request)!, WorkOutcome.Served);

        Assert.Equal((200, 200), (_ledger.Totals().Received, _ledger.Totals().Served));
    }

    [Fact]
    public void End_Cancelled_IsASuccessAndNoNewLoad() // 62, 66
    {
        _ledger.End(_ledger.TryEnter(1, 100, LoadKind.Request)!, WorkOutcome.Cancelled);

        Assert.Equal(0, _ledger.Totals().Received);
        var news = Assert.Single(_ledger.Ended());
        Assert.Equal((true, EndedStatus.Cancelled), (news.Success, news.Status));
    }

    [Theory]
    [InlineData("Answered", true, EndedStatus.Success)]
    [InlineData("Broken", false, EndedStatus.Error)]
    public void End_WithoutWorkDone_HasNoTimeOfCompletion(string outcome, bool success, string status)
    {
        var entry = _ledger.TryEnter(1, 100, LoadKind.Request)!;
        _ledger.Start(entry);

        _ledger.End(entry, Enum.Parse<WorkOutcome>(outcome));

        var news = Assert.Single(_ledger.Ended());
        Assert.Equal((success, status, 0.0), (news.Success, news.Status, news.WorkCompletedAt));
        Assert.Equal(0, _ledger.Totals().Served);
    }

    [Fact]
    public void End_Twice_CountsOnce()
    {
        var entry = _ledger.TryEnter(1, 100, LoadKind.Request)!;

        _ledger.End(entry, WorkOutcome.Served);
        _ledger.End(entry, WorkOutcome.Broken);

        Assert.Equal(100, _ledger.Totals().Served);
        Assert.Single(_ledger.Ended());
    }

    [Fact]
    public void End_SessionRequest_IsNoNews()
    {
        _ledger.End(_ledger.TryEnter(1, 100, LoadKind.SessionRequest)!, WorkOutcome.Served);

        Assert.Empty(_ledger.Ended());
        Assert.Equal(100, _ledger.Totals().Served);
    }

    [Fact]
    public void Told_ForgetsOnlyThose()
    {
        _ledger.Reject(1, 100, LoadKind.Request);
        var news = _ledger.Ended();
        _ledger.Reject(1, 100, LoadKind.Request);

        _ledger.Told(news);

        Assert.Single(_ledger.Ended());
    }
}
