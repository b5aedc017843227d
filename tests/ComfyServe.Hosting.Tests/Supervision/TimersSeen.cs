using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Hosting.Tests.Supervision;

/// <summary>A clock that stands still, and tells which timers were set up: a test that moves it on before there is a timer waits for nothing.</summary>
internal sealed class TimersSeen : FakeTimeProvider
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TimeSpan, TaskCompletionSource> _seen = [];

    /// <summary>Ends when a timer is there that was first due after this time.</summary>
    public Task SetUpAsync(TimeSpan due) => Seen(due).Task.WaitAsync(TestContext.Current.CancellationToken);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Seen(dueTime).TrySetResult();
        return timer;
    }

    private TaskCompletionSource Seen(TimeSpan due)
    {
        lock (_lock)
        {
            if (!_seen.TryGetValue(due, out var seen))
            {
                _seen[due] = seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return seen;
        }
    }
}
