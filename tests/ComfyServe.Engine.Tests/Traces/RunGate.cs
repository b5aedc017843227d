using ComfyServe.Engine.Queue;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>
/// A clock that holds each run of an engine at its first word until the recorded run began: a real ComfyUI was slower than
/// ours, prompts that came meanwhile waited there in the queue, and in which order they ran, and what was cached, depends on that.
/// </summary>
internal sealed class RunGate : TimeProvider
{
    /// <summary>A run that no recorded message tells of waits no longer than this.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Guards the fields below; Monitor, so that the inference thread can wait on it.
    private readonly object _lock = new();
    private readonly HashSet<string> _released = new(StringComparer.Ordinal);
    private bool _isOpen = true;

    /// <summary>The engine's queue, which knows what runs.</summary>
    public PromptQueue? Queue { get; set; }

    /// <summary>From now on runs wait.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isOpen = false;
        }
    }

    /// <summary>No run waits any more.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _isOpen = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>A run may begin.</summary>
    public void Release(string promptId)
    {
        lock (_lock)
        {
            _ = _released.Add(promptId);
            Monitor.PulseAll(_lock);
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        if (Thread.CurrentThread.Name == "inference" && Queue?.Snapshot().Running is { } running)
        {
            var id = running.Prompt.PromptId;
            lock (_lock)
            {
                while (!_isOpen && !_released.Contains(id) && Monitor.Wait(_lock, Patience))
                {
                    // Another one was released.
                }

                _ = _released.Add(id);
            }
        }

        return base.GetUtcNow();
    }
}
