using System.Text.Json;
using ComfyServe.Engine.Nodes.Sampling;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Engine.Tests.Images;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes;

/// <summary>Every call of image, mask and latent nodes that was recorded from a real ComfyUI.</summary>
[Trait("kind", "comparison")]
public sealed class RecordedNodeCallTests : IDisposable
{
    /// <summary>Relative to the largest value, or to 1: the recording is from another version of PyTorch.</summary>
    private const double Rounding = 1e-6;

    /// <summary>Bicubic weights are sums of larger terms of both signs.</summary>
    private const double BicubicRounding = 1.2e-6;

    private const string RecordedCalls = "image_latent_mask_ops.json";
    private const string RecordedTensors = "image_latent_mask_ops.safetensors";
    private static readonly Lazy<GoldenTensors> Golden = new(static () => new GoldenTensors(RecordedTensors));

    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-nodes").FullName;

    public RecordedNodeCallTests() =>
        Directory.CreateSymbolicLink(Path.Combine(_root, "input"), RecordedData.Golden("loadimage"));

    public static TheoryData<string> Calls() => RecordedData.Missing(RecordedCalls, RecordedTensors) is { } reason
        ? [new TheoryDataRow<string>(RecordedCalls) { Skip = reason }]
        : [.. ReadCases().EnumerateObject().Select(c => c.Name)];

    private static GoldenTensors Tensors => Golden.Value;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(Calls))]
    public void Node_RecordedInputs_GiveTheRecordedOutputs(string key)
    {
        var call = ReadCases().GetProperty(key);
        var name = call.GetProperty("class_type").GetString()!;
        var images = name.StartsWith("LoadImage", StringComparison.Ordinal) ? RecordedData.Missing(Path.Combine("loadimage", call.GetProperty("inputs").GetProperty("image").GetString()!)) : null;
        Assert.SkipWhen(images is not null, images ?? "");
        Assert.SkipUnless(NodeCatalogue.BuiltIn.TryGet(name, out var node), $"node '{name}' is not built");
        using var scope = NewDisposeScope();
        var inputs = call.GetProperty("inputs").EnumerateObject().ToDictionary(i => i.Name, i => Input(node, i));

        var outputs = new NodeCall(node, NodeCall.Context(_root)).Run(inputs);

        foreach (var expected in call.GetProperty("outputs").EnumerateArray())
        {
            if (expected.ValueKind == JsonValueKind.Object)
            {
                AssertFields(expected, outputs);
            }
            else
            {
                AssertTensor(expected.GetString()!, outputs, IsEightBit(call) ? 0 : Method(call) == "bicubic" ? BicubicRounding : Rounding);
            }
        }
    }

    /// <summary>Files and Pillow's own operations work on bytes: there the result is exact.</summary>
    private static bool IsEightBit(JsonElement call)
    {
        var name = call.GetProperty("class_type").GetString()!;
        return Method(call) == "lanczos" || name.StartsWith("LoadImage", StringComparison.Ordinal) || name == "ImageQuantize";
    }

    private static string? Method(JsonElement call) => call.GetProperty("inputs").TryGetProperty("upscale_method", out var method) ? method.GetString() : null;

    private static object? Input(NodeDescriptor node, JsonProperty input)
    {
        var type = node.InputsByName[input.Name].ClrType;
        if (input.Value.ValueKind != JsonValueKind.String || !input.Value.GetString()!.StartsWith("in.", StringComparison.Ordinal))
        {
            return NodeCall.Literal(input.Value, type);
        }

        var value = Tensors[input.Value.GetString()!];
        if (type == typeof(Latent))
        {
            return new Latent { Samples = value };
        }

        if (type == typeof(Sigmas))
        {
            return new Sigmas(value.data<float>().ToArray());
        }

        var constructor = type.GetConstructor([typeof(Tensor)]);
        Assert.SkipWhen(constructor is null, $"no recorded tensor makes a '{type.Name}'");
        return constructor.Invoke([value]);
    }

    /// <summary>A key ends in <c>#slot</c> or <c>#slot.field</c>.</summary>
    private static void AssertTensor(string key, IReadOnlyList<object?> outputs, double tolerance)
    {
        var place = key[(key.LastIndexOf('#') + 1)..].Split('.');
        var output = outputs[int.Parse(place[0])];
        var actual = output switch
        {
            Latent latent when place[1] == "noise_mask" => latent.NoiseMask,
            Sigmas sigmas => tensor([.. sigmas.Values]),
            _ => (output as ITensorOwner)?.Tensors.First(),
        };
        Assert.SkipWhen(actual is null, $"output '{key}' is a '{output?.GetType()}', which has no tensor");
        var expected = Tensors[key];
        var scale = expected.numel() == 0 ? 1 : Math.Max(1, expected.abs().max().item<float>());
        TensorAssert.Near(expected, actual, tolerance * scale, key);
    }

    private static void AssertFields(JsonElement fields, IReadOnlyList<object?> outputs)
    {
        foreach (var field in fields.EnumerateObject())
        {
            var place = field.Name.Split('.');
            Assert.Equal("batch_index", place[1]);
            Assert.Equal(field.Value.EnumerateArray().Select(n => n.GetInt64()), Assert.IsType<Latent>(outputs[int.Parse(place[0])]).BatchIndex);
        }
    }

    private static JsonElement ReadCases() =>
        RecordedJson.Read(RecordedData.Golden(RecordedCalls)).GetProperty("cases");
}
