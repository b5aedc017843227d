using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Queue;

namespace ComfyServe.Engine.Tests.Queue;

public sealed class PromptQueueTests : IDisposable
{
    private readonly List<int> _counts = [];
    private readonly PromptQueue _queue;

    public PromptQueueTests() => _queue = new PromptQueue(_counts.Add, capacity: 3);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void Take_OnePrompt_CountsItWhileItRuns()
    {
        _ = _queue.TryAdd(Item(0, "a"));

        var work = _queue.Take();
        _ = _queue.Finish(() => { });

        Assert.Equal("a", work!.Item!.Prompt.PromptId);
        Assert.Equal([1, 1, 0], _counts);
    }

    [Fact]
    public void Delete_TheOnlyPrompt_TellsTheCountTwice()
    {
        _ = _queue.TryAdd(Item(0, "a"));

        _queue.Delete("a");

        Assert.Equal([1, 0, 0], _counts);
    }

    [Fact]
    public void Delete_UnknownPrompt_TellsNothing()
    {
        _ = _queue.TryAdd(Item(0, "a"));

        _queue.Delete("b");

        Assert.Equal([1], _counts);
    }

    [Fact]
    public void TryAdd_FullQueue_Refuses()
    {
        Assert.True(_queue.TryAdd(Item(0, "a")) && _queue.TryAdd(Item(1, "b")) && _queue.TryAdd(Item(2, "c")));

        Assert.False(_queue.TryAdd(Item(3, "d")));
    }

    [Fact]
    public void Interrupt_OtherPrompt_LeavesTheRunningOne()
    {
        _ = _queue.TryAdd(Item(0, "a"));
        var work = _queue.Take()!;

        _queue.Interrupt("b");
        var afterOther = work.Interrupted.IsCancellationRequested;
        _queue.Interrupt("a");

        Assert.False(afterOther);
        Assert.True(work.Interrupted.IsCancellationRequested);
    }

    [Fact]
    public void Interrupt_WhenIdle_DoesNotStopTheNextPrompt()
    {
        _queue.Interrupt();
        _ = _queue.TryAdd(Item(0, "a"));

        Assert.False(_queue.Take()!.Interrupted.IsCancellationRequested);
    }

    [Fact]
    public void RequestFree_WhenIdle_IsWorkOfItsOwn()
    {
        _queue.RequestFree(new FreeRequest(UnloadModels: true, FreeMemory: false));

        var work = _queue.Take()!;

        Assert.Null(work.Item);
        Assert.Equal(new FreeRequest(true, false), work.Free);
    }

    [Fact]
    public void RequestFree_BeforeAPromptIsTaken_ComesWithIt()
    {
        _queue.RequestFree(new FreeRequest(UnloadModels: false, FreeMemory: true));
        _ = _queue.TryAdd(Item(0, "a"));

        var work = _queue.Take()!;

        Assert.Equal((new FreeRequest(false, true), "a"), (work.Free, work.Item!.Prompt.PromptId));
    }

    [Fact]
    public void RequestFree_WhilePromptsRun_ComesAfterTheFirst()
    {
        _ = _queue.TryAdd(Item(0, "a"));
        _ = _queue.Take();
        _queue.RequestFree(new FreeRequest(false, true));

        Assert.Equal(new FreeRequest(false, true), _queue.Finish(() => { }));
    }

    [Fact]
    public void Close_WithPromptsWaiting_EndsTheWait()
    {
        _ = _queue.TryAdd(Item(0, "a"));

        _queue.Close();

        Assert.Null(_queue.Take());
    }

    private static QueueItem Item(double number, string id) => new(new QueuedPrompt(number, id, [], [], []), number);
}
