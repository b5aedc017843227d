namespace ComfyServe.Hosting.Fairness;

/// <summary>
/// A queue in which owners take turns: in each round every owner that waits has one, in the order of their arrival; who comes while a round goes on and had no
/// turn in it joins it. Within an owner the smaller number comes first. With one owner it is a plain queue. Not for several threads at a time: its user has
/// a lock.
/// </summary>
public sealed class OwnerTurns<T>
    where T : class
{
    /// <summary>Owners remembered that had their turn and wait for nothing; forgetting one gives it a turn too early.</summary>
    private const int Remembered = 1024;

    private readonly LinkedList<Line> _turns = []; // owners that wait, by round and then by turn
    private readonly Dictionary<string, LinkedListNode<Line>> _lines = new(StringComparer.Ordinal);
    private readonly HashSet<string> _served = new(StringComparer.Ordinal); // in this round
    private long _round;

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
            _lines[owner] = node = Insert(new(owner) { Round = _served.Contains(owner) ? _round + 1 : _round });
        }

        Count++;
        var waiting = node.Value.Waiting;
        var before = waiting.Last;
        while (before is not null && before.Value.Order > order)
        {
            before = before.Previous;
        }

        return before is null ? waiting.AddFirst((item, order)) : waiting.AddAfter(before, (item, order));
    }

    /// <summary>Takes the next one out; its owner's next turn is in the next round.</summary>
    /// <param name="may">Whether an owner may be served now; others are passed over and keep their turn.</param>
    public T? Take(Func<string, bool>? may = null)
    {
        for (var node = _turns.First; node is not null; node = node.Next)
        {
            if (may is null || may(node.Value.Owner))
            {
                return Serve(node);
            }
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

    private LinkedListNode<Line> Insert(Line line)
    {
        var before = _turns.Last;
        while (before is not null && before.Value.Round > line.Round)
        {
            before = before.Previous;
        }

        return before is null ? _turns.AddFirst(line) : _turns.AddAfter(before, line);
    }

    private T Serve(LinkedListNode<Line> node)
    {
        var line = node.Value;
        if (line.Round > _round || _served.Count >= Remembered)
        {
            _round = Math.Max(_round, line.Round);
            _served.Clear();
        }

        _served.Add(line.Owner);
        var item = line.Waiting.First!.Value.Item;
        line.Waiting.RemoveFirst();
        Count--;
        _turns.Remove(node);
        line.Round = _round + 1;
        if (line.Waiting.Count > 0)
        {
            _turns.AddLast(node); // no round is later
        }
        else
        {
            _lines.Remove(line.Owner);
        }

        return item;
    }

    /// <summary>How many of other owners come before one that has <paramref name="before"/> of its own owner's before it.</summary>
    private int Others(Line own, int before)
    {
        var (sum, isPast) = (0, false);
        foreach (var line in _turns)
        {
            if (ReferenceEquals(line, own))
            {
                isPast = true;
                continue;
            }

            // One in each earlier round, and in the same round if its turn there is earlier: who begins a round later was put in the line before we come there again.
            var rounds = own.Round - line.Round + before;
            var isEarlier = line.Round > own.Round || (line.Round == own.Round && !isPast);
            sum += (int)Math.Clamp(rounds + (isEarlier ? 1 : 0), 0, line.Waiting.Count);
        }

        return sum;
    }

    private sealed class Line(string owner)
    {
        public string Owner { get; } = owner;

        public long Round { get; set; }

        public LinkedList<(T Item, long Order)> Waiting { get; } = [];
    }
}
