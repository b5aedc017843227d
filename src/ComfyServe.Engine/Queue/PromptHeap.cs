namespace ComfyServe.Engine.Queue;

/// <summary>
/// A binary min-heap in an array. Clients of <c>/queue</c> see the array's order, so its moves are those of a heap that
/// sinks a hole to a leaf and lets the last entry rise from there (Knuth, The Art of Computer Programming 3, 5.2.3, ex. 18).
/// </summary>
internal sealed class PromptHeap
{
    private readonly List<QueueItem> _items = [];

    /// <summary>Number of entries.</summary>
    public int Count => _items.Count;

    /// <summary>Characters of JSON of all entries.</summary>
    public long Bytes { get; private set; }

    /// <summary>The entries in the order of the array.</summary>
    public IReadOnlyList<QueueItem> Items => _items;

    /// <summary>Adds an entry.</summary>
    public void Push(QueueItem item)
    {
        _items.Add(item);
        Bytes += item.Text.Length;
        Rise(_items.Count - 1, 0);
    }

    /// <summary>Removes the entry that runs first.</summary>
    /// <exception cref="InvalidOperationException">The heap is empty.</exception>
    public QueueItem Pop()
    {
        if (_items.Count == 0)
        {
            throw new InvalidOperationException("the queue is empty");
        }

        Bytes -= _items[0].Text.Length;
        var last = _items[^1];
        _items.RemoveAt(_items.Count - 1);
        if (_items.Count == 0)
        {
            return last;
        }

        var first = _items[0];
        _items[0] = last;
        Sink(0);
        return first;
    }

    /// <summary>Removes the first entry of the array with this id. False where there is none.</summary>
    public bool Remove(string promptId)
    {
        var index = _items.FindIndex(i => i.Prompt.PromptId == promptId);
        if (index < 0)
        {
            return false;
        }

        Bytes -= _items[index].Text.Length;
        _items.RemoveAt(index);
        for (var parent = (_items.Count / 2) - 1; parent >= 0; parent--)
        {
            Sink(parent);
        }

        return true;
    }

    /// <summary>Removes all entries.</summary>
    public void Clear()
    {
        _items.Clear();
        Bytes = 0;
    }

    private void Rise(int index, int top)
    {
        var item = _items[index];
        while (index > top)
        {
            var parent = (index - 1) >> 1;
            if (!item.Precedes(_items[parent]))
            {
                break;
            }

            _items[index] = _items[parent];
            index = parent;
        }

        _items[index] = item;
    }

    private void Sink(int top)
    {
        var (item, hole, end) = (_items[top], top, _items.Count);
        for (var child = (2 * hole) + 1; child < end; child = (2 * hole) + 1)
        {
            var right = child + 1;
            if (right < end && !_items[child].Precedes(_items[right]))
            {
                child = right;
            }

            _items[hole] = _items[child];
            hole = child;
        }

        _items[hole] = item;
        Rise(hole, top);
    }
}
