using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Counts the tensors of the whole process: nothing else may run meanwhile.</summary>
[Collection(AloneCollection.Name)]
public sealed class TensorLifetimeTests : IDisposable
{
    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Run_TwoHundredTimes_HoldsNoMoreTensorsThanAtFirst()
    {
        _bench.Run(Prompt(0));
        // What other tests left to the garbage collector must not count.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (before, held) = (torch.Tensor.TotalCount, _bench.Executor.HeldTensors);

        for (var seed = 1; seed <= 200; seed++)
        {
            Assert.True(_bench.Run(Prompt(seed)).Outcome.Completed);
        }

        Assert.InRange(torch.Tensor.TotalCount, 0, before);
        Assert.Equal(held, _bench.Executor.HeldTensors);
    }

    [Fact]
    public void Run_TensorPassedOn_LivesAsLongAsOneResultNamesIt()
    {
        const string Prompt = """
            {"1": {"class_type": "ToyNoise", "inputs": {"seed": 1}}, "2": {"class_type": "ToySame", "inputs": {"image": ["1", 0]}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}}}
            """;

        _bench.Run(Prompt);

        Assert.Equal(1, _bench.Executor.HeldTensors);
        _bench.Executor.ResetCaches();
        Assert.Equal(0, _bench.Executor.HeldTensors);
    }

    [Fact]
    public void Run_FailsBehindATensor_LeavesOnlyTheCachedOne()
    {
        _bench.Run("""
            {"1": {"class_type": "ToyNoise", "inputs": {"seed": 1}}, "2": {"class_type": "ToySpoil", "inputs": {"image": ["1", 0]}},
             "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}}}
            """);

        Assert.Equal(1, _bench.Executor.HeldTensors);
    }

    [Fact]
    public void Release_LastHold_DisposesOfTheTensor()
    {
        ComfyServe.Diffusion.Runtime.TorchRuntime.Initialize();
        var ledger = new TensorLedger();
        ImageBatch image;
        HeldMemory first;
        using (torch.NewDisposeScope())
        {
            image = new ImageBatch(torch.zeros(1, 2, 2, 3));
            first = ledger.Hold([image]);
        }

        var second = ledger.Hold([new List<object?> { image, "text", null }]);
        ledger.Release(first);
        var isAlive = !image.Tensor.IsInvalid;
        ledger.Release(second);

        Assert.True(isAlive);
        Assert.True(image.Tensor.IsInvalid);
        Assert.Equal(0, ledger.Count);
    }

    private static string Prompt(int seed) => $$$$"""
        {"1": {"class_type": "ToyNoise", "inputs": {"seed": {{{{seed}}}}}}, "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
         "3": {"class_type": "ImageScale", "inputs": {"image": ["2", 0], "upscale_method": "bilinear", "width": 4, "height": 4, "crop": "disabled"}},
         "4": {"class_type": "ToyWrap", "inputs": {"image": ["3", 0]}}, "5": {"class_type": "ToyMeasure", "inputs": {"image": ["4", 0]}}}
        """;
}
