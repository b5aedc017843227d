using ComfyServe.Hosting.Fairness;
using CsCheck;

namespace ComfyServe.Hosting.Tests.Fairness;

public sealed class OwnerTurnsTests
{
    private static readonly Gen<(int Owner, int Order)[]> Arrivals = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 1000]).Array[0, 60];

    [Fact]
    public void Take_OneOwner_IsAPlainQueue() => Gen.Int[0, 1000].Array[0, 50].Sample(orders =>
    {
        var turns = new OwnerTurns<string>();
        for (var i = 0; i < orders.Length; i++)
        {
            turns.Add("", $"{orders[i]}/{i}", orders[i]);
        }

        return Drain(turns).SequenceEqual(orders.Select((o, i) => (o, i)).OrderBy(p => p.o).Select(p => $"{p.o}/{p.i}"));
    });

    [Fact]
    public void Take_ManyOwners_NobodyWaitsForMoreThanOneTurnOfEachOther() => Arrivals.Sample(arrivals =>
    {
        var turns = Fill(arrivals);
        var lengths = arrivals.GroupBy(a => a.Owner).ToDictionary(g => $"{g.Key}", g => g.Count());
        var served = new Dictionary<string, int>();
        while (turns.Take() is { } item)
        {
            var owner = item.Split('/')[0];
            served[owner] = served.GetValueOrDefault(owner) + 1;
            foreach (var (other, length) in lengths)
            {
                // Whoever still waits has had as many turns as anybody, give or take the round that is going on.
                if (served.GetValueOrDefault(other) < Math.Min(length, served[owner] - 1))
                {
                    return false;
                }
            }
        }

        return served.Values.Sum() == arrivals.Length && turns is { Count: 0, Owners: 0 };
    });

    [Fact]
    public void Take_OwnerWhoHadNoTurnInTheRound_ComesBeforeThoseWhoHad()
    {
        var turns = new OwnerTurns<string>();
        foreach (var order in Enumerable.Range(1, 4))
        {
            turns.Add("bob", $"bob{order}", order);
        }

        var first = (turns.Take(), turns.Take());
        turns.Add("ann", "ann1", 5);
        turns.Add("ann", "ann2", 6);

        Assert.Equal(("bob1", "bob2"), first);
        Assert.Equal(["ann1", "bob3", "ann2", "bob4"], Drain(turns));
    }

    [Fact]
    public void PositionOf_IsWhenItIsServed() => Gen.Select(Arrivals, Gen.Int[0, 20], Arrivals).Sample((earlier, taken, later) =>
    {
        var turns = Fill(earlier);
        for (var i = 0; i < taken; i++)
        {
            turns.Take();
        }

        (int Owner, int Order)[] arrivals = [.. earlier, .. later];
        foreach (var (name, order) in Names(arrivals).Zip(arrivals.Select(a => a.Order)).Skip(earlier.Length))
        {
            turns.Add(name.Split('/')[0], name, order);
        }

        var told = Names(arrivals).Select(n => (Name: n, Position: turns.PositionOf(n.Split('/')[0], item => item == n))).Where(p => p.Position > 0)
            .OrderBy(p => p.Position).ToList();
        return told.Select(p => p.Position).SequenceEqual(Enumerable.Range(1, told.Count)) && told.Select(p => p.Name).SequenceEqual(Drain(turns));
    });

    [Fact]
    public void Take_OwnerThatMayNotNow_KeepsItsTurn()
    {
        var turns = new OwnerTurns<string>();
        turns.Add("a", "a1", 1);
        turns.Add("b", "b1", 2);
        turns.Add("b", "b2", 3);
        turns.Add("a", "a2", 4);

        Assert.Equal("b1", turns.Take(static owner => owner != "a"));
        Assert.Equal("b2", turns.Take(static owner => owner != "a"));
        Assert.Null(turns.Take(static owner => owner != "a"));
        Assert.Equal("a1", turns.Take());
    }

    [Fact]
    public void Remove_OneThatWaits_LeavesTheOthersInOrder()
    {
        var turns = new OwnerTurns<string>();
        var first = turns.Add("a", "a1", 1);
        turns.Add("b", "b1", 2);
        turns.Add("a", "a2", 3);

        Assert.True(turns.Remove("a", first));
        Assert.False(turns.Remove("a", first));
        Assert.Equal(["a2", "b1"], Drain(turns));
    }

    private static OwnerTurns<string> Fill((int Owner, int Order)[] arrivals)
    {
        var turns = new OwnerTurns<string>();
        foreach (var (name, order) in Names(arrivals).Zip(arrivals.Select(a => a.Order)))
        {
            turns.Add(name.Split('/')[0], name, order);
        }

        return turns;
    }

    private static IEnumerable<string> Names((int Owner, int Order)[] arrivals) => arrivals.Select((a, i) => $"{a.Owner}/{i}");

    private static List<string> Drain(OwnerTurns<string> turns)
    {
        var items = new List<string>();
        while (turns.Take() is { } item)
        {
            items.Add(item);
        }

        return items;
    }
}
