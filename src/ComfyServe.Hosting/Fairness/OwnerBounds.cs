namespace ComfyServe.Hosting.Fairness;

/// <summary>
/// How many places of a bound that owners share one of them may hold. With one owner all; with several each has a few that nobody else gets, and the rest
/// goes to whoever comes, up to a share.
/// </summary>
public sealed class OwnerBounds
{
    private readonly int _owners;

    /// <summary>Bounds.</summary>
    /// <param name="total">Places in all.</param>
    /// <param name="share">Percent of them that one owner may hold, 1 … 100.</param>
    /// <param name="owners">Owners that there are; 0 where that is not known beforehand.</param>
    public OwnerBounds(int total, int share, int owners)
    {
        _owners = owners;
        Total = total;
        Most = owners == 1 ? total : Math.Max(1, (int)((long)total * share / 100));
        Kept = owners > 1 ? Math.Min(Most, total / (2 * owners)) : 0;
    }

    /// <summary>Places in all.</summary>
    public int Total { get; }

    /// <summary>Places that one owner may hold.</summary>
    public int Most { get; }

    /// <summary>Places of each owner that nobody else gets.</summary>
    public int Kept { get; }

    /// <summary>
    /// Whether an owner gets a place. Whoever has none always gets one: where there are more owners than can have places kept, the total is
    /// exceeded by as much.
    /// </summary>
    /// <param name="owner">Whose turn it is.</param>
    /// <param name="held">Places held, by owner.</param>
    public bool Allows(string owner, IReadOnlyDictionary<string, int> held)
    {
        var own = held.GetValueOrDefault(owner);
        if (own < Kept || (own == 0 && _owners != 1))
        {
            return true;
        }

        if (own >= Most)
        {
            return false;
        }

        var (all, kept) = (0, Kept * Math.Max(0, _owners - 1));
        foreach (var (other, count) in held)
        {
            all += count;
            kept -= other == owner ? 0 : Math.Min(Kept, count);
        }

        return all + Math.Max(0, kept) < Total;
    }
}
