using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Queue;

namespace ComfyServe.Engine.Tests.Queue;

public sealed class PromptHeapTests
{
    [Fact]
    public void Push_SeveralNumbers_KeepsThemInHeapOrder()
    {
        var heap = Heap((64, "a"), (65, "b"), (-66, "c"));

        Assert.Equal(["c", "b", "a"], heap.Items.Select(i => i.Prompt.PromptId));
    }

    [Fact]
    public void Pop_EqualNumbers_TakesTheSmallerId()
    {
        var heap = Heap((1, "b"), (1, "a"), (0.5, "z"));

        Assert.Equal(["z", "a", "b"], PopAll(heap));
    }

    [Fact]
    public void Remove_InTheMiddle_KeepsTheRestInOrder()
    {
        var heap = Heap((5, "e"), (3, "c"), (4, "d"), (1, "a"), (2, "b"));

        Assert.True(heap.Remove("c"));
        Assert.False(heap.Remove("c"));

        Assert.Equal(["a", "b", "d", "e"], PopAll(heap));
    }

    [Fact]
    public void Pop_RandomNumbers_AscendsAlways()
    {
        var random = new Random(7);
        var heap = Heap([.. Enumerable.Range(0, 500).Select(i => ((double)random.Next(100), $"{i:000}"))]);
        var popped = new List<QueueItem>();

        while (heap.Count > 0)
        {
            popped.Add(heap.Pop());
        }

        Assert.All(popped.Zip(popped.Skip(1)), pair => Assert.False(pair.Second.Precedes(pair.First)));
    }

    private static PromptHeap Heap(params (double Number, string Id)[] prompts)
    {
        var heap = new PromptHeap();
        foreach (var (number, id) in prompts)
        {
            heap.Push(new QueueItem(new QueuedPrompt(number, id, [], [], []), number));
        }

        return heap;
    }

    private static IEnumerable<string> PopAll(PromptHeap heap)
    {
        while (heap.Count > 0)
        {
            yield return heap.Pop().Prompt.PromptId;
        }
    }
}
