using ComfyServe.Engine.Events;

namespace ComfyServe.Engine.Tests.Events;

public sealed class OutgoingQueueTests
{
    [Fact]
    public async Task TryAdd_MorePreviewsThanAClientTakes_KeepsTheNewest()
    {
        var queue = new OutgoingQueue();
        Assert.All([1, 2, 3, 4], n => Assert.True(queue.TryAdd(Preview(n))));
        Assert.True(queue.TryAdd(OutgoingFrame.Text("last")));

        var received = await DrainAsync(queue);

        Assert.Equal(["3", "4", "last"], received);
    }

    [Fact]
    public async Task TryAdd_FullQueue_DropsPreviewsFirst()
    {
        var queue = new OutgoingQueue(maxFrames: 3);
        _ = queue.TryAdd(Preview(1));
        Assert.All(["a", "b", "c"], text => Assert.True(queue.TryAdd(OutgoingFrame.Text(text))));

        var received = await DrainAsync(queue);

        Assert.Equal(["a", "b", "c"], received);
    }

    [Fact]
    public void TryAdd_FullOfTexts_RefusesTextsAndIgnoresPreviews()
    {
        var queue = new OutgoingQueue(maxFrames: 2);
        _ = queue.TryAdd(OutgoingFrame.Text("a"));
        _ = queue.TryAdd(OutgoingFrame.Text("b"));

        Assert.True(queue.TryAdd(Preview(1)));
        Assert.False(queue.TryAdd(OutgoingFrame.Text("c")));
    }

    [Fact]
    public async Task Take_WhileHeld_WaitsForEveryHoldToEnd()
    {
        var queue = new OutgoingQueue();
        var (first, second) = (queue.Hold(), queue.Hold());
        _ = queue.TryAdd(OutgoingFrame.Text("a"));
        _ = queue.TryAdd(OutgoingFrame.Text("b"));

        var taken = queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        first.Dispose();
        first.Dispose();
        var isHeld = !taken.IsCompleted;
        second.Dispose();

        Assert.True(isHeld);
        Assert.Equal("a", System.Text.Encoding.UTF8.GetString((await taken)!.Bytes.Span));
        Assert.Equal(["b"], await DrainAsync(queue));
    }

    [Fact]
    public void TryAdd_TooManyBytes_Refuses()
    {
        var queue = new OutgoingQueue(maxBytes: 10);
        _ = queue.TryAdd(OutgoingFrame.Text("12345678"));

        Assert.False(queue.TryAdd(OutgoingFrame.Text("90ab")));
    }

    [Fact]
    public async Task Preview_DroppedBeforeItIsSent_IsNeverEncoded()
    {
        var queue = new OutgoingQueue();
        var encoded = 0;
        for (var i = 0; i < 10; i++)
        {
            _ = queue.TryAdd(OutgoingFrame.Preview(1, () => new byte[] { (byte)++encoded }));
        }

        _ = await DrainAsync(queue);

        Assert.Equal(2, encoded);
    }

    private static OutgoingFrame Preview(int number) => OutgoingFrame.Preview(1, () => new[] { (byte)('0' + number) });

    private static async Task<List<string>> DrainAsync(OutgoingQueue queue)
    {
        queue.Close();
        var received = new List<string>();
        while (await queue.TakeAsync(TestContext.Current.CancellationToken) is { } frame)
        {
            received.Add(System.Text.Encoding.ASCII.GetString(frame.Bytes.Span));
        }

        return received;
    }
}
