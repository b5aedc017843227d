using ComfyServe.Hosting;
using ComfyServe.Worker.Admission;

namespace ComfyServe.Worker.Tests.Admission;

public sealed class TurnQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wait_SeveralWait_TurnsGoInOrder() // 44
    {
        var queue = new TurnQueue(1);
        var turn = await queue.WaitAsync(Token);
        var waiting = Enumerable.Range(0, 3).Select(_ => queue.WaitAsync(Token)).ToArray();

        for (var i = 0; i < 3; i++)
        {
            Assert.All(waiting[i..], static w => Assert.False(w.IsCompleted));
            turn.Dispose();
            turn = await waiting[i];
        }
    }

    [Fact]
    public async Task Wait_OneLeaves_TheNextIsServed()
    {
        var queue = new TurnQueue(1);
        var turn = await queue.WaitAsync(Token);
        using var leaving = new CancellationTokenSource();
        var first = queue.WaitAsync(leaving.Token);
        var second = queue.WaitAsync(Token);

        await leaving.CancelAsync();
        turn.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await second;
    }

    [Fact]
    public async Task Dispose_Twice_GivesOneTurnBack()
    {
        var queue = new TurnQueue(1);
        var turn = await queue.WaitAsync(Token);

        turn.Dispose();
        turn.Dispose();

        await queue.WaitAsync(Token);
        Assert.False(queue.WaitAsync(Token).IsCompleted);
    }

    [Fact]
    public async Task Wait_TwoSlots_TwoWorkAtTheSameTime()
    {
        var queue = new TurnQueue(2);

        await queue.WaitAsync(Token);
        await queue.WaitAsync(Token);

        Assert.False(queue.WaitAsync(Token).IsCompleted);
    }

    [Fact]
    public void Budget_MoreThanThereIs_TakesNothing()
    {
        var budget = new BodyBudget(100);

        Assert.True(budget.TryTake(60));
        Assert.False(budget.TryTake(60));
        Assert.Equal(40, budget.Left);
        budget.Return(60);
        Assert.Equal(100, budget.Left);
    }
}
