using ComfyServe.Hosting.Fairness;
using CsCheck;

namespace ComfyServe.Hosting.Tests.Fairness;

public sealed class FairSlotsTests
{
    [Fact]
    public async Task Enter_OneOwnerHoldsOnAndOn_AnotherEntersAtOnce()
    {
        var slots = new FairSlots(new(total: 16, share: 50, owners: 2));
        var hanging = Enumerable.Range(0, 100).Select(_ => slots.EnterAsync("bob", TestContext.Current.CancellationToken)).ToList();

        Assert.Equal(8, hanging.Count(static t => t.IsCompletedSuccessfully));
        var alices = Enumerable.Range(0, 8).Select(_ => slots.EnterAsync("alice", TestContext.Current.CancellationToken)).ToList();
        Assert.All(alices, static t => Assert.True(t.IsCompletedSuccessfully));

        (await alices[0]).Dispose();
        Assert.Equal(8, hanging.Count(static t => t.IsCompletedSuccessfully)); // her places are not his
        Assert.Equal(92, slots.Waiting);
    }

    [Fact]
    public async Task Enter_WaitCancelled_TakesNoSlot()
    {
        var slots = new FairSlots(new(total: 1, share: 100, owners: 1));
        using var stop = new CancellationTokenSource();
        var held = await slots.EnterAsync(null, TestContext.Current.CancellationToken);
        var given = slots.EnterAsync(null, stop.Token);
        var next = slots.EnterAsync(null, TestContext.Current.CancellationToken);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        held.Dispose();
        held.Dispose();

        using var got = await next;
        Assert.Equal(0, slots.Waiting);
    }

    [Fact]
    public void Bounds_OneOwner_HasAll()
    {
        var bounds = new OwnerBounds(10, 50, 1);

        Assert.True(bounds.Allows("", new Dictionary<string, int> { [""] = 9 }));
        Assert.False(bounds.Allows("", new Dictionary<string, int> { [""] = 10 }));
    }

    [Fact]
    public void Bounds_WhateverOthersHold_EachOwnerGetsHisAndTheTotalHolds() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 100], Gen.Int[2, 8], Gen.Int[0, 7].Array[0, 400]).Sample((total, share, owners, calls) =>
        {
            var bounds = new OwnerBounds(total, share, owners);
            var held = new Dictionary<string, int>();
            foreach (var caller in calls.Select(c => $"{c % owners}"))
            {
                if (bounds.Allows(caller, held))
                {
                    held[caller] = held.GetValueOrDefault(caller) + 1;
                }
            }

            // Whoever comes now and has few gets his places, one at least, whatever the others did before.
            var late = Enumerable.Range(0, owners).Select(o => $"{o}").MinBy(o => held.GetValueOrDefault(o))!;
            while (held.GetValueOrDefault(late) < Math.Max(1, bounds.Kept))
            {
                if (!bounds.Allows(late, held))
                {
                    return false;
                }

                held[late] = held.GetValueOrDefault(late) + 1;
            }

            return held.Values.All(h => h <= Math.Max(bounds.Most, 1)) && held.Values.Sum() <= (bounds.Kept > 0 ? total : total + owners);
        });
}
