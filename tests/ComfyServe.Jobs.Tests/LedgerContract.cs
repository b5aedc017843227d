using System.Collections.Concurrent;
using ComfyServe.Jobs.Deliveries;

namespace ComfyServe.Jobs.Tests;

/// <summary>What the ledger promises, on either database.</summary>
public abstract partial class LedgerContract
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    protected abstract Task<string?> PostgresAsync();

    [Fact]
    public async Task Accept_ThenReopen_JobIsThere()
    {
        await using var host = await OpenAsync();

        var accepted = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "me", Cost = 42 });
        await host.ReopenAsync();

        Assert.Equal(AcceptOutcome.Accepted, accepted.Outcome);
        var found = await host.Ledger.FindAsync(new("me", "a"), TestContext.Current.CancellationToken);
        Assert.Equal(JobState.Waiting, found!.State);
        Assert.Equal("payload of the job"u8, found.Payload.Span);
        Assert.Equal(("me", 42.0), (found.Owner, found.Cost));
    }

    [Fact]
    public async Task Accept_SameKeyAgain_KeepsTheFirstJob()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { IdempotencyKey = "k", Fingerprint = "f" });

        var repeated = await host.Ledger.AcceptAsync(LedgerHost.Job("b") with { IdempotencyKey = "k", Fingerprint = "f" });
        var conflict = await host.Ledger.AcceptAsync(LedgerHost.Job("c") with { IdempotencyKey = "k", Fingerprint = "other" });
        var elsewhere = await host.Ledger.AcceptAsync(LedgerHost.Job("d", "other queue") with { IdempotencyKey = "k", Fingerprint = "f" });

        Assert.Equal((AcceptOutcome.Repeated, "a"), (repeated.Outcome, repeated.JobId));
        Assert.Equal((AcceptOutcome.KeyConflict, "a"), (conflict.Outcome, conflict.JobId));
        Assert.Equal(AcceptOutcome.Accepted, elsewhere.Outcome);
        Assert.Null(await host.Ledger.FindAsync(Key("b"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Accept_SameKeyFromManyCallersAtOnce_AcceptsOne()
    {
        await using var host = await OpenAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => host.Ledger.AcceptAsync(LedgerHost.Job($"j{i}") with { IdempotencyKey = "k", Fingerprint = "f" })));

        var accepted = Assert.Single(results, r => r.Outcome == AcceptOutcome.Accepted);
        Assert.All(results, r => Assert.Equal(accepted.JobId, r.JobId));
    }

    [Fact]
    public async Task Accept_IdInUse_IsRefusedUntilTheJobIsOver()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a"));

        var early = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { ReplacesFinished = true, IdempotencyKey = "k" });
        await host.Ledger.EndAsync(Key("a"), LedgerHost.Ending(JobState.Cancelled));
        var strict = await host.Ledger.AcceptAsync(LedgerHost.Job("a"));
        var late = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { ReplacesFinished = true, IdempotencyKey = "k" });

        Assert.Equal([AcceptOutcome.IdTaken, AcceptOutcome.IdTaken, AcceptOutcome.Accepted], [early.Outcome, strict.Outcome, late.Outcome]);
        Assert.Equal(JobState.Waiting, (await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken))!.State);
    }

    [Fact]
    public async Task Lease_ByPriorityThenAge()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("first"));
        await host.Ledger.AcceptAsync(LedgerHost.Job("second"));
        await host.Ledger.AcceptAsync(LedgerHost.Job("urgent") with { Priority = 1 });
        await host.Ledger.AcceptAsync(LedgerHost.Job("elsewhere", "other queue") with { Priority = 9 });

        var order = new List<string?>();
        for (var i = 0; i < 4; i++)
        {
            order.Add((await host.Ledger.LeaseAsync("q", "w", Minute))?.JobId);
        }

        Assert.Equal(["urgent", "first", "second", null], order);
    }

    [Fact]
    public async Task Lease_ManyAtOnce_EachJobGoesToOne()
    {
        await using var host = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.Ledger.AcceptAsync(LedgerHost.Job($"j{i}"))));

        var leases = await Task.WhenAll(Enumerable.Range(0, 80).Select(i => host.Ledger.LeaseAsync("q", $"w{i}", Minute)));

        Assert.Equal(50, leases.Where(l => l is not null).Select(l => l!.JobId).Distinct().Count());
        Assert.Equal(30, leases.Count(l => l is null));
    }

    [Fact]
    public async Task Finish_AfterTheLeaseWentToSomebodyElse_ChangesNothing()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a"));
        var slow = (await host.Ledger.LeaseAsync("q", "slow", Minute))!;
        await host.Ledger.BeginRunAsync(slow, slow.Attempt);
        host.Time.Advance(Minute * 2);
        await host.Ledger.ReclaimAsync(null, _ => LedgerHost.Ending(JobState.Failed));
        var fast = (await host.Ledger.LeaseAsync("q", "fast", Minute))!;
        await host.Ledger.BeginRunAsync(fast, fast.Attempt);

        var lost = await host.Ledger.FinishAsync(slow, LedgerHost.Ending(JobState.Failed, "slow"));
        var renewed = await host.Ledger.RenewAsync(slow, Minute);
        var done = await host.Ledger.FinishAsync(fast, LedgerHost.Ending());
        var again = await host.Ledger.FinishAsync(fast, LedgerHost.Ending(JobState.Failed));
        var cancelled = await host.Ledger.EndAsync(Key("a"), LedgerHost.Ending(JobState.Cancelled));

        Assert.Equal((FinishOutcome.LeaseLost, false), (lost, renewed));
        Assert.Equal([FinishOutcome.Done, FinishOutcome.AlreadyOver, FinishOutcome.AlreadyOver], [done, again, cancelled]);
        var found = await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Completed, "done", 2), (found!.State, found.Message, found.Attempts));
        Assert.Equal("result of the job"u8, found.Result.Span);
        Assert.Equal(["lost", "completed"], (await host.Ledger.AttemptsAsync(Key("a"), TestContext.Current.CancellationToken)).Select(a => a.Outcome));
    }

    [Fact]
    public async Task Release_UntilExhausted_EndsTheJob()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { MaxAttempts = 2 });

        var first = (await host.Ledger.LeaseAsync("q", "w", Minute))!;
        await host.Ledger.BeginRunAsync(first, first.Attempt);
        await host.Ledger.ReleaseAsync(first, host.Time.GetUtcNow() + Minute, "worker_lost", "gone", LedgerHost.Ending(JobState.Failed, "exhausted"));
        var early = await host.Ledger.LeaseAsync("q", "w", Minute);
        host.Time.Advance(Minute);
        var second = (await host.Ledger.LeaseAsync("q", "w", Minute))!;
        await host.Ledger.BeginRunAsync(second, second.Attempt);
        var outcome = await host.Ledger.ReleaseAsync(second, host.Time.GetUtcNow(), "worker_lost", "gone", LedgerHost.Ending(JobState.Failed, "exhausted"));

        Assert.Null(early);
        Assert.Equal((1, 2), (first.Attempt, second.Attempt));
        Assert.Equal(FinishOutcome.Done, outcome);
        var found = await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Failed, "exhausted"), (found!.State, found.Message));
    }

    [Fact]
    public async Task Reclaim_OfOneHolder_TakesBackOnlyItsJobs()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Holder = "dead" });
        await host.Ledger.AcceptAsync(LedgerHost.Job("b") with { Holder = "alive" });
        var last = await host.Ledger.AcceptAsync(LedgerHost.Job("c") with { Holder = "dead", MaxAttempts = 1 });
        await host.Ledger.BeginRunAsync(last.Lease!, 1);

        var reclaimed = await host.Ledger.ReclaimAsync("dead", j => LedgerHost.Ending(JobState.Failed, $"exhausted {j.Id}"));

        Assert.Equal(["a", "c"], reclaimed.Select(j => j.Id));
        Assert.Equal("a", (await host.Ledger.LeaseAsync("q", "w", Minute))!.JobId);
        Assert.Equal("exhausted c", (await host.Ledger.FindAsync(Key("c"), TestContext.Current.CancellationToken))!.Message);
        Assert.Equal(JobState.Leased, (await host.Ledger.FindAsync(Key("b"), TestContext.Current.CancellationToken))!.State);
    }

    [Fact]
    public async Task Note_IsHandedToTheNextHolder()
    {
        await using var host = await OpenAsync();
        var accepted = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Holder = "one" });

        var noted = await host.Ledger.BeginRunAsync(accepted.Lease!, 1, "try 2");
        await host.Ledger.ReclaimAsync("one", _ => LedgerHost.Ending(JobState.Failed));

        Assert.True(noted);
        Assert.Equal("try 2", (await host.Ledger.LeaseAsync("q", "two", Minute))!.Note);
        Assert.False(await host.Ledger.BeginRunAsync(accepted.Lease!, 2, "too late"));
    }

    [Fact]
    public async Task Count_ListAndPrune_SeeWhatIsThere()
    {
        await using var host = await OpenAsync();
        foreach (var id in (string[])["a", "b", "c", "d"])
        {
            await host.Ledger.AcceptAsync(LedgerHost.Job(id) with { IdempotencyKey = id });
        }

        await host.Ledger.LeaseAsync("q", "w", Minute);
        await host.Ledger.EndAsync(Key("b"), LedgerHost.Ending(JobState.Cancelled));
        await host.Ledger.EndAsync(Key("c"), LedgerHost.Ending(JobState.Cancelled) with { Deliveries = [Hook("h")] });
        var counts = await host.Ledger.CountAsync("q", TestContext.Current.CancellationToken);
        var all = await host.Ledger.CountAllAsync(TestContext.Current.CancellationToken);
        host.Time.Advance(Minute);
        var pruned = await host.Ledger.PruneAsync(host.Time.GetUtcNow());

        Assert.Equal((1, 1, 100.0), (counts.Waiting, counts.Leased, counts.WaitingCost));
        Assert.Equal(counts, Assert.Single(all, q => q.Key == "q").Value);
        Assert.Equal(1, pruned);
        Assert.Equal(["d", "c", "a"], (await host.Ledger.ListAsync(new() { Queue = "q" }, TestContext.Current.CancellationToken)).Select(j => j.Id));
        Assert.Equal(["c"], (await host.Ledger.ListAsync(new() { State = JobState.Cancelled }, TestContext.Current.CancellationToken)).Select(j => j.Id));
        Assert.Equal(["a"], (await host.Ledger.ListAsync(new() { After = Key("c") }, TestContext.Current.CancellationToken)).Select(j => j.Id));
        Assert.Null(await host.Ledger.FindKeyAsync("q", null, "b", TestContext.Current.CancellationToken));
        Assert.Equal("d", (await host.Ledger.FindKeyAsync("q", null, "d", TestContext.Current.CancellationToken))!.Value.JobId);
    }

    [Fact]
    public async Task Deliveries_AreClaimedTriedAndLogged()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a"));
        await host.Ledger.EndAsync(Key("a"), LedgerHost.Ending() with { Deliveries = [Hook("h")] });

        var claimed = Assert.Single(await host.ClaimDueAsync(10, Minute));
        var nothing = await host.ClaimDueAsync(10, Minute);
        var now = host.Time.GetUtcNow();
        await host.Ledger.RecordDeliveryAsync("h", new(1, now, 500, "the receiver answered 500", TimeSpan.FromMilliseconds(7)), now + (10 * Minute));
        var next = await host.Ledger.NextDeliveryAsync(TestContext.Current.CancellationToken);
        host.Time.Advance(10 * Minute);
        await host.ReopenAsync();
        var second = Assert.Single(await host.ClaimDueAsync(10, Minute));
        await host.Ledger.RecordDeliveryAsync("h", new(2, host.Time.GetUtcNow(), 200, null, TimeSpan.Zero), null);
        host.Time.Advance(10 * Minute);

        Assert.Equal("https://receiver/?token=1"u8, claimed.Target.Span);
        Assert.Equal("{}"u8, claimed.Body.Span);
        Assert.Empty(nothing);
        Assert.Equal(now + (10 * Minute), next);
        Assert.Equal((1, 500), (second.Attempts, second.LastStatus));
        Assert.Empty(await host.ClaimDueAsync(10, Minute));
        Assert.Equal(DeliveryState.Delivered, Assert.Single(await host.Ledger.DeliveriesAsync(Key("a"), TestContext.Current.CancellationToken)).State);
        Assert.Equal([500, 200], (await host.Ledger.DeliveryLogAsync("h", TestContext.Current.CancellationToken)).Select(l => l.Status));
        Assert.Equal(1, await host.Ledger.RedeliverAsync(Key("a")));
        Assert.Single(await host.ClaimDueAsync(10, Minute));
    }

    [Fact]
    public async Task Holders_AtRandom_NeverEndAJobTwice()
    {
        await using var host = await OpenAsync();
        var ids = Enumerable.Range(0, 40).Select(i => $"j{i}").ToArray();
        await Task.WhenAll(ids.Select(id => host.Ledger.AcceptAsync(LedgerHost.Job(id) with { MaxAttempts = 4 })));
        var endings = new ConcurrentBag<string>();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => WorkAsync(host, $"w{w}", new Random(w), endings)));
        await Task.WhenAll(ids.Select(id => EndAsync(host, id, endings)));

        // Nothing but a lost last attempt fails a job here.
        var jobs = await host.Ledger.ListAsync(new() { Queue = "q" }, TestContext.Current.CancellationToken);
        var ended = endings.Concat(jobs.Where(j => j.State == JobState.Failed).Select(j => j.Id));
        Assert.Equal(ids.Order(StringComparer.Ordinal), ended.Order(StringComparer.Ordinal));
        Assert.All(jobs, j => Assert.True(JobTransitions.IsTerminal(j.State)));
        Assert.All(jobs, j => Assert.InRange(j.Attempts, 0, 4));
    }

    private static async Task WorkAsync(LedgerHost host, string holder, Random random, ConcurrentBag<string> endings)
    {
        for (var i = 0; i < 40; i++)
        {
            if (await host.Ledger.LeaseAsync("q", holder, TimeSpan.FromSeconds(1)) is not { } lease)
            {
                continue;
            }

            await host.Ledger.BeginRunAsync(lease, lease.Attempt);
            var outcome = FinishOutcome.LeaseLost;
            switch (random.Next(4))
            {
                case 0:
                    outcome = await host.Ledger.FinishAsync(lease, LedgerHost.Ending());
                    break;
                case 1:
                    outcome = await host.Ledger.EndAsync(lease.Key, LedgerHost.Ending(JobState.Cancelled));
                    break;
                case 2:
                    host.Time.Advance(TimeSpan.FromSeconds(2));
                    var reclaimed = await host.Ledger.ReclaimAsync(null, _ => LedgerHost.Ending(JobState.Failed));
                    Assert.All(reclaimed, j => Assert.Equal(JobState.Leased, j.State));
                    outcome = await host.Ledger.FinishAsync(lease, LedgerHost.Ending());
                    break;
                default:
                    await host.Ledger.RenewAsync(lease, TimeSpan.FromMinutes(1));
                    break;
            }

            if (outcome == FinishOutcome.Done)
            {
                endings.Add(lease.JobId);
            }
        }
    }

    private static async Task EndAsync(LedgerHost host, string id, ConcurrentBag<string> endings)
    {
        if (await host.Ledger.EndAsync(Key(id), LedgerHost.Ending(JobState.Cancelled)) == FinishOutcome.Done)
        {
            endings.Add(id);
        }
    }

    private static JobKey Key(string id) => new(null, id);

    private static NewDelivery Hook(string id) => new() { Id = id, Target = "https://receiver/?token=1"u8.ToArray(), Body = "{}"u8.ToArray() };

    private async Task<LedgerHost> OpenAsync() => await LedgerHost.OpenAsync(await PostgresAsync());
}
