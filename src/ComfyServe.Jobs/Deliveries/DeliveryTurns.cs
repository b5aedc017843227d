using ComfyServe.Hosting.Fairness;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>
/// Decides whose deliveries are tried next: owners take turns, each within its bound. What was never tried goes before what failed already, and retries take at
/// most half of an owner's slots: its own dead receivers hold up its living ones no more than that.
/// </summary>
internal static class DeliveryTurns
{
    /// <summary>What to claim, in turn.</summary>
    /// <param name="due">Deliveries that are due, by owner.</param>
    /// <param name="held">Deliveries under way, by owner.</param>
    /// <param name="bounds">How owners share the slots.</param>
    /// <param name="last">The owner that was served last: the next one begins.</param>
    public static IReadOnlyList<DeliveryLine> Plan(IEnumerable<DeliveryLine> due, IEnumerable<DeliveryLine> held, OwnerBounds bounds, string last)
    {
        var mostRetries = Math.Max(1, bounds.Most / 2);
        var lines = due.OrderBy(d => string.CompareOrdinal(d.Owner, last) <= 0).ThenBy(d => d.Owner, StringComparer.Ordinal).Select(d => new Line(d)).ToList();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var under in held)
        {
            counts[under.Owner] = under.Count;
            lines.Find(l => l.Owner == under.Owner)?.Hold(under.Retries);
        }

        for (var served = true; served;)
        {
            served = false;
            foreach (var line in lines)
            {
                if (line.HasNext(mostRetries) && bounds.Allows(line.Owner, counts))
                {
                    line.Take();
                    counts[line.Owner] = counts.GetValueOrDefault(line.Owner) + 1;
                    served = true;
                }
            }
        }

        return [.. lines.Select(l => l.Taken).Where(t => t.Count > 0)];
    }

    private sealed class Line(DeliveryLine due)
    {
        private int _retriesHeld;

        public string Owner => due.Owner;

        public DeliveryLine Taken { get; private set; } = new(due.Owner, 0, 0);

        public void Hold(int retries) => _retriesHeld = retries;

        public bool HasNext(int mostRetries) => Taken.Fresh < due.Fresh || (Taken.Retries < due.Retries && _retriesHeld + Taken.Retries < mostRetries);

        public void Take() => Taken = Taken.Fresh < due.Fresh ? Taken with { Fresh = Taken.Fresh + 1 } : Taken with { Retries = Taken.Retries + 1 };
    }
}
