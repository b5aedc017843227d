using System.Text.Json.Nodes;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Tests.Nodes;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Memory is asked for before it is taken.</summary>
[Collection(AloneCollection.Name)]
public sealed class MemoryTests : IDisposable
{
    private const long Free = 100 << 20;
    private readonly Bench _bench = new(withTestNodes: true);
    private int _relieved;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("EmptyImage", """{"width": 16384, "height": 16384, "batch_size": 4096, "color": 1}""")]
    [InlineData("EmptyLatentImage", """{"width": 16384, "height": 16384, "batch_size": 4096}""")]
    [InlineData("SolidMask", """{"width": 16384, "height": 16384, "value": 1.0}""")]
    [InlineData("RepeatImageBatch", """{"image": ["small", 0], "amount": 4096}""")]
    [InlineData("ImageScale", """{"image": ["small", 0], "upscale_method": "lanczos", "width": 16384, "height": 16384, "crop": "disabled"}""")]
    [InlineData("ImageScaleBy", """{"image": ["small", 0], "upscale_method": "bicubic", "scale_by": 8.0}""")]
    [InlineData("ResizeAndPadImage", """{"image": ["small", 0], "target_width": 16384, "target_height": 16384, "padding_color": "white", "interpolation": "area"}""")]
    [InlineData("ImagePadForOutpaint", """{"image": ["small", 0], "left": 16384, "top": 16384, "right": 0, "bottom": 0, "feathering": 0}""")]
    public void Run_NodeThatWouldTakeMoreThanThereIs_IsRefusedBeforeItTakesAny(string type, string inputs)
    {
        var prompt = $$$"""
            {"small": {"class_type": "EmptyImage", "inputs": {"width": 512, "height": 512, "batch_size": 1, "color": 0}},
             "big": {"class_type": "{{{type}}}", "inputs": {{{inputs}}} }, "show": {"class_type": "PreviewAny", "inputs": {"source": ["big", 0]} } }
            """;
        var executor = Executor();

        var (outcome, run) = _bench.Run(prompt, executor);

        Assert.False(outcome.Completed);
        Assert.StartsWith($"{type} would take about ", (string?)run.Single("execution_error")["exception_message"]);
        Assert.Contains("and 100 MiB are free; that is limit 'memory' of the engine", (string?)run.Single("execution_error")["exception_message"]);
        Assert.Equal((1, 0, 0L), (_relieved, executor.HeldTensors, executor.HeldBytes));
        Assert.True(_bench.Run("""{"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}, "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}}""", executor).Outcome.Completed);
    }

    [Fact]
    public void Run_ManySmallResults_AreAskedForTogether()
    {
        var looks = 0;
        var executor = Executor(gate: new MemoryGate(() => looks++ < 2 ? Free : 0, () => Free, () => { }));
        var graph = new JsonObject();
        for (var i = 0; i < 40; i++)
        {
            graph[$"{i}"] = Node("EmptyImage", ("width", 512), ("height", 512), ("batch_size", 1), ("color", i));
            graph[$"p{i}"] = Node("PreviewAny", ("source", new JsonArray($"{i}", 0)));
        }

        Assert.Contains("limit 'memory'", (string?)_bench.Run(graph.ToJsonString(), executor).Run.Single("execution_error")["exception_message"]);
    }

    [Fact]
    public void Run_ResultsBeyondWhatIsKept_AreForgottenAfterIt()
    {
        const string Prompt = """{"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}, "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}}""";

        foreach (var (kept, held) in (ReadOnlySpan<(long, int)>)[(1000, 0), (1 << 20, 1)])
        {
            var executor = Executor(new RunLimits { Kept = kept });
            Assert.True(_bench.Run(Prompt, executor).Outcome.Completed);
            Assert.Equal(held, executor.HeldTensors);
            executor.ResetCaches();
            Assert.Equal(0, executor.HeldBytes);
        }
    }

    [Fact]
    public void Estimate_EveryNodeThatMakesTensors_KnowsHowLarge()
    {
        // What loads files asks once it knows them.
        string[] loaders = ["LoadImage", "LoadImageMask", "LoadImageOutput", "LoadLatent"];
        string[] large = ["IMAGE", "LATENT", "MASK"];

        var unknown = NodeCatalogue.BuiltIn.Nodes
            .Where(n => n.Outputs.Any(o => large.Contains(o.Type)) && !n.Inputs.Any(i => large.Contains(i.Type)) && n.Memory is null)
            .Select(n => n.Name).Except(loaders);

        Assert.Empty(unknown);
    }

    [Fact]
    public void Estimate_AnyNodeAndInputs_CoversTheResult()
    {
        TorchRuntime.Initialize();
        var context = NodeCall.Context(_bench.Root);
        var nodes = RandomInputs.Nodes;
        Assert.InRange(nodes.Count, 60, 500);

        var wrong = new List<string>();
        foreach (var (index, node) in nodes.Index())
        {
            for (var seed = 0; seed < 5; seed++)
            {
                wrong.AddRange(Uncovered(node, new Random((1000 * index) + seed), context) is { } reason ? [reason] : []);
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void DataLimit_OfTheKernelsTable_IsTheSoftOne()
    {
        Assert.Equal(2147483648, MemoryRoom.DataLimit(["Limit   Soft Limit   Hard Limit   Units", "Max data size             2147483648           unlimited            bytes"]));
        Assert.Equal(long.MaxValue, MemoryRoom.DataLimit(["Max data size             unlimited            unlimited            bytes"]));
    }

    [Fact]
    public void Free_OfThisProcess_IsLessThanItsLimit()
    {
        var room = new MemoryRoom(512L << 30);

        Assert.InRange(room.Free, 1, room.Limit);
        Assert.True(new MemoryRoom(1 << 20).Free < 0);
    }

    private static string? Uncovered(NodeDescriptor node, Random random, NodeContext context)
    {
        using var scope = torch.NewDisposeScope();
        using var inference = torch.inference_mode();
        var values = new RandomInputs(random, 8, 40).Of(node);
        var estimate = MemoryGate.Estimate(node, values, context);
        var arguments = RandomInputs.Arguments(node, values);
        object? result;
        try
        {
            result = node.Call.Invoke(null, arguments, context);
        }
#pragma warning disable CA1031 // Sizes that do not fit each other: there is no result to compare.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }

        var parts = result is System.Runtime.CompilerServices.ITuple tuple ? Enumerable.Range(0, tuple.Length).Select(i => tuple[i]) : [result];
        var bytes = parts.Sum(MemoryGate.TensorBytes);
        return bytes <= estimate || node.Node.MemoryFactor == 0 ? null : $"{node.Name} made {bytes} bytes of {string.Join(", ", values.Select(v => $"{v.Key}={ValueText.Json(v.Value)}"))} and said {estimate}";
    }

    private PromptExecutor Executor(RunLimits? limits = null, MemoryGate? gate = null) => new(
        _bench.Catalogue, _bench.Folders, _bench.Models, _bench.Clock, new Random(1), limits: limits, gate: gate ?? new MemoryGate(() => Free, () => Free, () => _relieved++));

    private static JsonObject Node(string type, params (string Name, JsonNode Value)[] inputs) => new()
    {
        ["class_type"] = type,
        ["inputs"] = new JsonObject(inputs.Select(i => KeyValuePair.Create(i.Name, (JsonNode?)i.Value))),
    };
}
