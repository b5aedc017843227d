using ComfyServe.Hosting.Fairness;
using ComfyServe.Jobs.Deliveries;
using CsCheck;

namespace ComfyServe.Jobs.Tests.Deliveries;

public sealed class DeliveryTurnsTests
{
    private static readonly OwnerBounds Bounds = new(total: 64, share: 50, owners: 2);

    [Fact]
    public void Plan_OneOwnerHasThousandsDue_TheOtherGetsAllThatItHas()
    {
        var turns = DeliveryTurns.Plan([new("ann", 5, 0), new("bob", 32, 32)], [], Bounds, "");

        Assert.Equal([new("ann", 5, 0), new("bob", 32, 0)], turns);
    }

    [Fact]
    public void Plan_OwnerHoldsItsShare_GetsNoMore() =>
        Assert.Equal([new("ann", 1, 0)], DeliveryTurns.Plan([new("ann", 1, 0), new("bob", 32, 32)], [new("bob", 32, 0)], Bounds, ""));

    [Fact]
    public void Plan_Retries_TakeHalfOfAnOwnersSlots()
    {
        Assert.Equal([new("bob", 0, 16)], DeliveryTurns.Plan([new("bob", 0, 32)], [], Bounds, ""));
        Assert.Equal([new("bob", 16, 0)], DeliveryTurns.Plan([new("bob", 20, 32)], [new("bob", 0, 16)], Bounds, ""));
        Assert.Empty(DeliveryTurns.Plan([new("bob", 0, 32)], [new("bob", 0, 16)], Bounds, ""));
    }

    [Fact]
    public void Plan_AlwaysTheSameOwnersDue_TheNextOneBegins()
    {
        var alone = new OwnerBounds(total: 1, share: 100, owners: 0);

        Assert.Equal("b", DeliveryTurns.Plan([new("a", 1, 0), new("b", 1, 0), new("c", 1, 0)], [], alone, "a")[0].Owner);
        Assert.Equal("a", DeliveryTurns.Plan([new("a", 1, 0), new("b", 1, 0), new("c", 1, 0)], [], alone, "c")[0].Owner);
    }

    [Fact]
    public void Plan_WhateverIsDueAndHeld_StaysWithinTheBoundsAndLeavesNothingThatMayGo()
    {
        var line = Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40]);
        Gen.Select(line.Array[4], line.Array[4], Gen.Int[1, 64]).Sample((due, held, total) =>
        {
            var bounds = new OwnerBounds(total, 50, 4);
            List<DeliveryLine> Lines((int, int)[] all) => [.. all.Select((l, i) => new DeliveryLine($"{i}", l.Item1, l.Item2)).Where(l => l.Count > 0)];
            var under = Lines(held);
            var turns = DeliveryTurns.Plan(Lines(due), under, bounds, "1");
            var counts = under.ToDictionary(u => u.Owner, u => u.Count);
            foreach (var turn in turns)
            {
                counts[turn.Owner] = counts.GetValueOrDefault(turn.Owner) + turn.Count;
            }

            var withinDue = turns.All(t => t.Fresh <= due[int.Parse(t.Owner)].Item1 && t.Retries <= due[int.Parse(t.Owner)].Item2);
            var none = due.Select((d, i) => (Owner: $"{i}", Left: d.Item1 - turns.FirstOrDefault(t => t.Owner == $"{i}").Fresh)).All(d => d.Left == 0 || !bounds.Allows(d.Owner, counts));
            return withinDue && none && turns.All(t => counts[t.Owner] <= Math.Max(1, bounds.Most));
        });
    }
}
