using System.Diagnostics;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Testing;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>An interrupt ends every node, whatever goes in.</summary>
[Collection(AloneCollection.Name)]
public sealed class InterruptTests
{
    // What an engine of 2 GB lets a node take.
    private const long Largest = 1 << 30;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Nodes => [.. RandomInputs.Nodes.Select(n => n.Name)];

    [Theory]
    [MemberData(nameof(Nodes))]
    public void Invoke_LargeInputs_EndsWithinASecondOfTheInterrupt(string name)
    {
        Assert.SkipUnless(RecordedData.IsFull, "gives every node large inputs; set COMFYSERVE_TEST_FULL=1");
        TorchRuntime.Initialize();
        var node = RandomInputs.Nodes.Single(n => n.Name == name);
        var values = new RandomInputs(new Random(7), 1000, 1500, new string('a', 4 << 20));

        for (var round = 0; round < 3; round++)
        {
            var late = Lateness(node, values);
            Assert.True(late < Patience, $"{name} went on for {late.TotalSeconds:0.00} s");
        }
    }

    /// <summary>How long a call goes on after it is interrupted.</summary>
    private static TimeSpan Lateness(NodeDescriptor node, RandomInputs random)
    {
        using var scope = torch.NewDisposeScope();
        using var inference = torch.inference_mode();
        using var end = new CancellationTokenSource();
        using var interruption = Interruption.Enter(end.Token);
        var context = new NodeContext { Folders = new EngineFolders(Path.GetTempPath()), Models = new ModelCache(), Interrupted = end.Token };
        var inputs = random.Of(node);
        if (MemoryGate.Estimate(node, inputs, context) > Largest)
        {
            return TimeSpan.Zero;
        }

        var arguments = RandomInputs.Arguments(node, inputs);
        var interrupted = long.MaxValue;
        using var noted = end.Token.Register(() => Volatile.Write(ref interrupted, Stopwatch.GetTimestamp()));
        end.CancelAfter(TimeSpan.FromMilliseconds(50));
        _ = Record.Exception(() => node.Call.Invoke(null, arguments, context)); // sizes that do not fit, or the interrupt: both are an end
        var start = Volatile.Read(ref interrupted);
        return start == long.MaxValue ? TimeSpan.Zero : Stopwatch.GetElapsedTime(start);
    }
}
