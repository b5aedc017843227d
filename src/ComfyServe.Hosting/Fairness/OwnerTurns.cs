namespace ComfyServe.Hosting.Fairness;

/// <summary>
/// A queue in which owners take turns: of each the first that waits, in the order of the owners' arrival; within an owner by their numbers. With one owner
/// it is a plain queue. Not for several threads at a time: its user has a lock.
/// </summary>
public sealed class OwnerTurns<T>
    where T : class
{
    private readonly LinkedList<Line> _turns = []; // whose turn is next comes first; only owners that wait
    private readonly Dictionary<string, LinkedListNode<Line>> _lines = new(StringComparer.Ordinal);

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Owners that wait.</summary>
    public int Owners => _turns.Count;

    /// <summary>Adds one that waits; its place serves to take it out again.</summary>
    /// <param name="owner">Whose it is.</param>
    /// <param name="item">What waits.</param>
    /// <param name="order">Of one owner's, the smaller comes first.</param>
    public LinkedListNode<(T Item, long Order)> Add(string owner, T item, long order)
    {
        if (!_lines.TryGetValue(owner, out var node))
        {
            _lines[owner] = node = _turns.AddLast(new Line(owner));
        }

        var waiting = node.Value.Waiting;
        var before = waiting.Last;
        while (before is not null && before.Value.Order > order)
        {
            before = before.Previous;
        }

        Count++;
        return before is null ? waiting.AddFirst((item, order)) : waiting.AddAfter(before, (item, order));
    }

    /// <summary>Takes the next one out; its owner's next turn comes after everybody else's.</summary>
    /// <param name="may">Whether an owner may be served now; others are passed over and keep their turn.</param>
    public T? Take(Func<string, bool>? may = null)
    {
        for (var node = _turns.First; node is not null; node = node.Next)
        {
            if (may is not null && !may(node.Value.Owner))
            {
                continue;
            }

            var line = node.Value;
            var item = line.Waiting.First!.Value.Item;
            line.Waiting.RemoveFirst();
            Count--;
            _turns.Remove(node);
            if (line.Waiting.Count > 0)
            {
                _turns.AddLast(node);
            }
            else
            {
                _lines.Remove(line.Owner);
            }

            return item;
        }

        return null;
    }

    /// <summary>Takes one out that does not wait any longer; false when it was taken before.</summary>
    public bool Remove(string owner, LinkedListNode<(T Item, long Order)> place)
    {
        if (place.List is null || !_lines.TryGetValue(owner, out var node))
        {
            return false;
        }

        node.Value.Waiting.Remove(place);
        Count--;
        if (node.Value.Waiting.Count == 0)
        {
            _turns.Remove(node);
            _lines.Remove(owner);
        }

        return true;
    }

    /// <summary>How many are served up to and with one that waits, if nobody else comes; 0 when it does not wait.</summary>
    public int PositionOf(string owner, Predicate<T> which)
    {
        if (!_lines.TryGetValue(owner, out var node))
        {
            return 0;
        }

        var before = 0; // of its own owner's
        foreach (var (item, _) in node.Value.Waiting)
        {
            if (which(item))
            {
                return before + 1 + Others(node.Value, before);
            }

            before++;
        }

        return 0;
    }

    /// <summary>Those of other owners that come before one that has <paramref name="before"/> of its own line before it: as many of each, and one more of those whose turn is earlier.</summary>
    private int Others(Line own, int before)
    {
        var (sum, earlier) = (0, 1);
        foreach (var line in _turns)
        {
            if (ReferenceEquals(line, own))
            {
                earlier = 0;
                continue;
            }

            sum += Math.Min(line.Waiting.Count, before + earlier);
        }

        return sum;
    }

    private sealed class Line(string owner)
    {
        public string Owner { get; } = owner;

        public LinkedList<(T Item, long Order)> Waiting { get; } = [];
    }
}
