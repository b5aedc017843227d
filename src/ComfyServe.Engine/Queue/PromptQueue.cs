namespace ComfyServe.Engine.Queue;

/// <summary>The prompts that wait and the one that runs. Any thread adds and looks; the inference thread takes.</summary>
/// <param name="changed">Told the number of prompts that wait or run, after every change and in order. Runs under the
/// queue's lock: it must not block.</param>
/// <param name="capacity">Most prompts that may wait.</param>
/// <param name="maxBytes">Most characters of JSON that may wait; a single prompt may have more.</param>
internal sealed class PromptQueue(Action<int> changed, int capacity, long maxBytes = long.MaxValue) : IDisposable
{
    // Guards everything below; Monitor so that the inference thread can wait on it.
    private readonly object _gate = new();
    private readonly PromptHeap _pending = new();
    private QueueItem? _running;
    private CancellationTokenSource? _interrupt;
    private FreeRequest _free;
    private bool _closed;

    /// <summary>Prompts that wait or run.</summary>
    public int Remaining
    {
        get
        {
            lock (_gate)
            {
                return Count;
            }
        }
    }

    private int Count => _pending.Count + (_running is null ? 0 : 1);

    /// <summary>Adds a prompt. False when the queue is full.</summary>
    public bool TryAdd(QueueItem item)
    {
        lock (_gate)
        {
            if (_pending.Count >= capacity || (_pending.Count > 0 && _pending.Bytes + item.Text.Length > maxBytes))
            {
                return false;
            }

            _pending.Push(item);
            changed(Count);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Waits for work. Null when the queue was closed.</summary>
    public QueueWork? Take()
    {
        lock (_gate)
        {
            while (!_closed && _pending.Count == 0 && _free.IsEmpty)
            {
                _ = Monitor.Wait(_gate);
            }

            if (_closed)
            {
                return null;
            }

            if (_pending.Count == 0)
            {
                return new QueueWork(null, TakeFreeRequest(), CancellationToken.None);
            }

            _running = _pending.Pop();
            _interrupt = new CancellationTokenSource();
            changed(Count);
            return new QueueWork(_running, TakeFreeRequest(), _interrupt.Token);
        }
    }

    /// <summary>Ends the running prompt.</summary>
    /// <param name="record">Writes the history; runs before anybody can see that the prompt has ended.</param>
    /// <returns>Memory to give back before the next prompt.</returns>
    public FreeRequest Finish(Action record)
    {
        lock (_gate)
        {
            record();
            _interrupt?.Dispose();
            (_running, _interrupt) = (null, null);
            changed(Count);
            return TakeFreeRequest();
        }
    }

    /// <summary>Interrupts the running prompt; only when it has this id, where one is given.</summary>
    public void Interrupt(string? promptId = null)
    {
        lock (_gate)
        {
            if (_running is not null && (promptId is null || _running.Prompt.PromptId == promptId))
            {
                // Nodes only poll the token: no callback runs here.
                _interrupt!.Cancel();
            }
        }
    }

    /// <summary>Removes a waiting prompt. ComfyUI tells the count twice when it was the only one: so do we.</summary>
    public void Delete(string promptId)
    {
        lock (_gate)
        {
            var wasLast = _pending.Count == 1;
            if (!_pending.Remove(promptId))
            {
                return;
            }

            if (wasLast)
            {
                changed(Count);
            }

            changed(Count);
        }
    }

    /// <summary>Removes all waiting prompts.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _pending.Clear();
            changed(Count);
        }
    }

    /// <summary>Asks for memory back after the running prompt, or at once when none runs.</summary>
    public void RequestFree(FreeRequest request)
    {
        lock (_gate)
        {
            _free = _free.Or(request);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>What runs and waits.</summary>
    public QueueSnapshot Snapshot()
    {
        lock (_gate)
        {
            return new QueueSnapshot(_running, [.. _pending.Items]);
        }
    }

    /// <summary>Calls with the number of prompts that wait or run, while no change can happen.</summary>
    public void Observe(Action<int> observer)
    {
        lock (_gate)
        {
            observer(Count);
        }
    }

    /// <summary>Interrupts the running prompt and lets <see cref="Take"/> return null.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _interrupt?.Cancel();
            Monitor.PulseAll(_gate);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _interrupt?.Dispose();

    private FreeRequest TakeFreeRequest()
    {
        var request = _free;
        _free = default;
        return request;
    }
}
