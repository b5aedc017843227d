namespace ComfyServe.Jobs.Tests;

/// <content>Restarts are no attempts.</content>
public abstract partial class LedgerContract
{
    [Fact]
    public async Task Reclaim_JobThatNeverBegan_LosesNothingHoweverOften()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Holder = "h", MaxAttempts = 1 });

        for (var restart = 0; restart < 30; restart++)
        {
            Assert.Single(await host.Ledger.ReclaimAsync("h", static _ => LedgerHost.Ending(JobState.Failed)));
            Assert.Equal((1, 0), (await host.Ledger.LeaseAsync("q", "h", Minute)) is { } lease ? (lease.Attempt, lease.Losses) : default);
        }

        var found = await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Leased, 0), (found!.State, found.Attempts));
    }

    [Fact]
    public async Task Reclaim_SeveralJobsOfADeadHolder_OnlyThoseThatRanAreSuspects()
    {
        await using var host = await OpenAsync();
        foreach (var id in (string[])["poison", "neighbour", "waits"])
        {
            await host.Ledger.AcceptAsync(LedgerHost.Job(id) with { MaxAttempts = 100 });
        }

        for (var death = 1; death <= JobLedger.MaxLosses; death++)
        {
            for (var i = 0; i < 3; i++)
            {
                var lease = (await host.Ledger.LeaseAsync("q", "h", Minute))!;
                if (lease.JobId == "poison" || (lease.JobId == "neighbour" && death == 1))
                {
                    Assert.True(await host.Ledger.BeginRunAsync(lease, lease.Attempt));
                }
            }

            await host.Ledger.ReclaimAsync("h", static j => LedgerHost.Ending(JobState.Failed, j.IsSuspect ? "suspect" : "exhausted"));
        }

        var poison = await host.Ledger.FindAsync(Key("poison"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Failed, "suspect", 3, 3), (poison!.State, poison.Message, poison.Losses, poison.Attempts));
        var neighbour = await host.Ledger.FindAsync(Key("neighbour"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Waiting, 1, 1), (neighbour!.State, neighbour.Losses, neighbour.Attempts));
        var waits = await host.Ledger.FindAsync(Key("waits"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Waiting, 0, 0), (waits!.State, waits.Losses, waits.Attempts));
        Assert.Equal(["lost", "lost", "lost"], (await host.Ledger.AttemptsAsync(Key("poison"), TestContext.Current.CancellationToken)).Select(static a => a.Outcome));
    }

    [Fact]
    public async Task Reclaim_RunsThatWereLeftInGoodOrder_AreNoLosses()
    {
        await using var host = await OpenAsync();
        var accepted = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Holder = "h", MaxAttempts = 1 });
        await host.Ledger.BeginRunAsync(accepted.Lease!, 1);

        await host.Ledger.LeaveRunsAsync("h");
        await host.Ledger.ReclaimAsync("h", static _ => LedgerHost.Ending(JobState.Failed));

        var lease = (await host.Ledger.LeaseAsync("q", "h", Minute))!;
        Assert.Equal((2, 0), (lease.Attempt, lease.Losses)); // the first run has begun: it may be going on without us
        Assert.True(await host.Ledger.BeginRunAsync(lease, 1)); // and is taken up
        Assert.Equal(1, (await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken))!.Attempts);
    }

    [Fact]
    public async Task GiveBack_OfARunningJob_IsAsIfItHadNotBeenLeased()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { MaxAttempts = 1 });
        var lease = (await host.Ledger.LeaseAsync("q", "h", Minute))!;
        await host.Ledger.BeginRunAsync(lease, lease.Attempt);

        Assert.True(await host.Ledger.GiveBackAsync(lease));

        var again = (await host.Ledger.LeaseAsync("q", "other", Minute))!;
        Assert.Equal((1, 0), (again.Attempt, again.Losses));
        Assert.False(await host.Ledger.GiveBackAsync(lease));
        Assert.False(await host.Ledger.BeginRunAsync(lease, 2));
    }

    [Fact]
    public async Task ForgetRun_OfARunThatWasRefused_CountsForNothing()
    {
        await using var host = await OpenAsync();
        var accepted = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Holder = "h", MaxAttempts = 1 });
        await host.Ledger.BeginRunAsync(accepted.Lease!, 1);

        Assert.True(await host.Ledger.ForgetRunAsync(accepted.Lease!, 1));
        await host.Ledger.ReclaimAsync("h", static _ => LedgerHost.Ending(JobState.Failed));

        var found = await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Waiting, 0, 0), (found!.State, found.Attempts, found.Losses));
        Assert.Empty(await host.Ledger.AttemptsAsync(Key("a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task EndRun_BeforeTheHolderDies_LeavesNoSuspect()
    {
        await using var host = await OpenAsync();
        var accepted = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Holder = "h" });
        await host.Ledger.BeginRunAsync(accepted.Lease!, 1);
        await host.Ledger.EndRunAsync(accepted.Lease!, 1, "engine lost");

        await host.Ledger.ReclaimAsync("h", static _ => LedgerHost.Ending(JobState.Failed));

        var found = await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken);
        Assert.Equal((1, 0), (found!.Attempts, found.Losses));
        Assert.Equal("engine lost", Assert.Single(await host.Ledger.AttemptsAsync(Key("a"), TestContext.Current.CancellationToken)).Outcome);
    }
}
