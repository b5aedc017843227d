using System.Collections.Concurrent;

namespace ComfyServe.Jobs.Tests;

/// <content>Ids belong to their owner.</content>
public abstract partial class LedgerContract
{
    [Fact]
    public async Task Accept_TwoOwnersUseOneId_EachHasAJob()
    {
        await using var host = await OpenAsync();

        var outcomes = new List<AcceptOutcome>();
        foreach (var owner in (string?[])["alice", "bob", null])
        {
            outcomes.Add((await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = owner, Payload = Bytes($"for {owner}"), ReplacesFinished = true })).Outcome);
        }

        await host.Ledger.EndAsync(new("alice", "a"), LedgerHost.Ending());
        var taken = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "bob" });
        await host.ReopenAsync();

        Assert.All(outcomes, static o => Assert.Equal(AcceptOutcome.Accepted, o));
        Assert.Equal(AcceptOutcome.IdTaken, taken.Outcome);
        foreach (var owner in (string?[])["alice", "bob", null])
        {
            var found = await host.Ledger.FindAsync(new(owner, "a"), TestContext.Current.CancellationToken);
            Assert.Equal(($"for {owner}", owner), (Text(found!.Payload), found.Owner));
            Assert.Equal(owner == "alice" ? JobState.Completed : JobState.Waiting, found.State);
        }

        Assert.Null(await host.Ledger.FindAsync(new("carol", "a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Accept_FinishedJobOfAnother_IsNotReplaced()
    {
        await using var host = await OpenAsync();
        var hers = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "alice", Holder = "h", IdempotencyKey = "k", Fingerprint = "f" });
        await host.Ledger.BeginRunAsync(hers.Lease!, 1);
        await host.Ledger.FinishAsync(hers.Lease!, LedgerHost.Ending() with { Deliveries = [Hook("h")] });

        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "bob", ReplacesFinished = true });
        await host.Ledger.EndAsync(new("bob", "a"), LedgerHost.Ending(JobState.Failed));

        var found = await host.Ledger.FindAsync(new("alice", "a"), TestContext.Current.CancellationToken);
        Assert.Equal((JobState.Completed, "result of the job"), (found!.State, Text(found.Result)));
        Assert.Equal("h", Assert.Single(await host.Ledger.DeliveriesAsync(found.Key, TestContext.Current.CancellationToken)).Id);
        Assert.Single(await host.Ledger.AttemptsAsync(found.Key, TestContext.Current.CancellationToken));
        Assert.Empty(await host.Ledger.DeliveriesAsync(new("bob", "a"), TestContext.Current.CancellationToken));
        Assert.Equal(0, await host.Ledger.RedeliverAsync(new("bob", "a")));
        Assert.Equal("a", (await host.Ledger.FindKeyAsync("q", "alice", "k", TestContext.Current.CancellationToken))!.Value.JobId);
    }

    [Fact]
    public async Task Accept_OneKeyOfTwoOwners_StandsForTwoJobs()
    {
        await using var host = await OpenAsync();

        // What a joined text would take for one: "a/b" and "c", "a" and "b/c".
        var first = await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "a/b", IdempotencyKey = "c", Fingerprint = "f" });
        var second = await host.Ledger.AcceptAsync(LedgerHost.Job("b") with { Owner = "a", IdempotencyKey = "b/c", Fingerprint = "f" });
        var third = await host.Ledger.AcceptAsync(LedgerHost.Job("c") with { Owner = "a", IdempotencyKey = "c", Fingerprint = "other" });

        Assert.All([first, second, third], static r => Assert.Equal(AcceptOutcome.Accepted, r.Outcome));
    }

    [Fact]
    public async Task Accept_ReplacingWithAKey_KeepsTheNewKeyAndDropsTheOld()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { IdempotencyKey = "old", Fingerprint = "f" });
        await host.Ledger.EndAsync(Key("a"), LedgerHost.Ending());

        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { IdempotencyKey = "new", Fingerprint = "g", ReplacesFinished = true });
        var repeated = await host.Ledger.AcceptAsync(LedgerHost.Job("b") with { IdempotencyKey = "new", Fingerprint = "g" });

        Assert.Equal((AcceptOutcome.Repeated, "a"), (repeated.Outcome, repeated.JobId));
        Assert.Null(await host.Ledger.FindKeyAsync("q", null, "old", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Finish_LeaseOfAJobThatWasReplaced_IsLost()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a"));
        var stale = (await host.Ledger.LeaseAsync("q", "w", Minute))!;
        await host.Ledger.EndAsync(Key("a"), LedgerHost.Ending(JobState.Cancelled) with { Deliveries = [Hook("old")] });
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { ReplacesFinished = true });
        var fresh = (await host.Ledger.LeaseAsync("q", "w", Minute))!;

        var outcome = await host.Ledger.FinishAsync(stale, LedgerHost.Ending(message: "the old run's"));

        Assert.Equal((fresh.Epoch, FinishOutcome.Unknown), (stale.Epoch, outcome));
        Assert.Equal(JobState.Leased, (await host.Ledger.FindAsync(Key("a"), TestContext.Current.CancellationToken))!.State);
        Assert.Empty(await host.Ledger.DeliveriesAsync(Key("a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Deliveries_OfAReplacedJob_AreMadeAndThenForgotten()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "alice" });
        await host.Ledger.EndAsync(new("alice", "a"), LedgerHost.Ending() with { Deliveries = [Hook("old")] });
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "alice", ReplacesFinished = true });

        var due = Assert.Single(await host.ClaimDueAsync(10, Minute));
        await host.Ledger.RecordDeliveryAsync(due.Id, new(1, host.Time.GetUtcNow(), 200, null, TimeSpan.Zero), null);

        Assert.Equal(new JobKey("alice", "a"), due.Job);
        Assert.Empty(await host.Ledger.DeliveryLogAsync("old", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Lease_CarriesWhoseRequestItIs()
    {
        await using var host = await OpenAsync();
        await host.Ledger.AcceptAsync(LedgerHost.Job("a") with { Owner = "alice", Fingerprint = "f", Holder = "gone" });
        await host.Ledger.ReclaimAsync("gone", static _ => LedgerHost.Ending(JobState.Failed));

        var lease = (await host.Ledger.LeaseAsync("q", "w", Minute))!;

        Assert.Equal((new JobKey("alice", "a"), "f", "payload of the job"), (lease.Key, lease.Fingerprint, Text(lease.Payload)));
    }

    [Fact]
    public async Task Owners_AtRandom_AreLikeLedgersOfTheirOwn()
    {
        await using var host = await OpenAsync();
        string?[] owners = [null, "alice", "Alice", "a/b", "7:alice"];
        string[] ids = ["x", "X", "alice/x"];
        var expected = new ConcurrentDictionary<JobKey, (JobState State, string Payload)>();
        var random = new Random(5);
        for (var step = 0; step < 400; step++)
        {
            var key = new JobKey(owners[random.Next(owners.Length)], ids[random.Next(ids.Length)]);
            var known = expected.TryGetValue(key, out var before);
            if (random.Next(2) == 0)
            {
                var outcome = await host.Ledger.AcceptAsync(LedgerHost.Job(key.Id) with { Owner = key.Owner, Payload = Bytes($"{key.Owner} {step}"), ReplacesFinished = true });
                Assert.Equal(known && before.State == JobState.Waiting ? AcceptOutcome.IdTaken : AcceptOutcome.Accepted, outcome.Outcome);
                if (outcome.Outcome == AcceptOutcome.Accepted)
                {
                    expected[key] = (JobState.Waiting, $"{key.Owner} {step}");
                }
            }
            else
            {
                var outcome = await host.Ledger.EndAsync(key, LedgerHost.Ending(JobState.Cancelled));
                Assert.Equal(!known ? FinishOutcome.Unknown : before.State == JobState.Waiting ? FinishOutcome.Done : FinishOutcome.AlreadyOver, outcome);
                if (known)
                {
                    expected[key] = before with { State = JobState.Cancelled };
                }
            }
        }

        foreach (var (key, value) in expected)
        {
            var found = (await host.Ledger.FindAsync(key, TestContext.Current.CancellationToken))!;
            Assert.Equal(value, (found.State, Text(found.Payload)));
        }
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);
}
