using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Inputs for any node that needs no model.</summary>
/// <param name="random">Decides.</param>
/// <param name="least">The shortest side of images, in pixels; latents and masks have as many cells.</param>
/// <param name="most">The longest side; also the largest number, where the input allows it.</param>
/// <param name="text">What texts are.</param>
internal sealed class RandomInputs(Random random, int least, int most, string text = "x")
{
    /// <summary>The built-in nodes that can be called with such inputs; what they write is not wanted.</summary>
    public static IReadOnlyList<NodeDescriptor> Nodes { get; } =
        [.. NodeCatalogue.BuiltIn.Nodes.Where(n => !n.Node.InputIsList && !n.Node.IsOutput && n.Inputs.All(i => IsMade(i)))];

    /// <summary>A value for each input.</summary>
    public Dictionary<string, object?> Of(NodeDescriptor node) =>
        node.Inputs.Where(i => i.Hidden is null).ToDictionary(i => i.Name, Value, StringComparer.Ordinal);

    /// <summary>The arguments of a node's method.</summary>
    public static object?[] Arguments(NodeDescriptor node, IReadOnlyDictionary<string, object?> values)
    {
        var arguments = new object?[node.Call.Parameters.Length];
        foreach (var input in node.Inputs)
        {
            arguments[input.Parameter] = input.Hidden switch
            {
                null => ArgumentBinder.BindOrDefault(values[input.Name], input.ClrType),
                HiddenInput.UniqueId => "1",
                _ => null,
            };
        }

        return arguments;
    }

    private static bool IsMade(NodeInput input) => input.Hidden is not null || input.Choices is not null
        || input.ClrType.Name is "ImageBatch" or "Latent" or "Mask" or "Int64" or "UInt64" or "Double" or "Boolean" or "String";

    private object? Value(NodeInput input) => input.ClrType.Name switch
    {
        "ImageBatch" => new ImageBatch(torch.rand(Count(), Side(), Side(), random.Next(3, 5))),
        "Latent" => new Latent { Samples = torch.rand(Count(), 4, Side(), Side()) },
        "Mask" => new Mask(torch.rand(Count(), Side(), Side())),
        "Int64" or "UInt64" => Math.Max(Number(input, "min", 0), Math.Min(random.NextInt64(0, 2 * most), Number(input, "max", 2 * most))),
        "Double" => Math.Clamp(random.NextDouble() * 3, Number(input, "min", 0), Math.Max(Number(input, "max", 3), 0)),
        "Boolean" => random.Next(2) == 0,
        _ when input.Choices is { } choices && choices(new(Path.GetTempPath())) is { Count: > 0 } names => names[random.Next(names.Count)],
        _ => text,
    };

    private long Side() => random.Next(least, most);

    private long Count() => random.Next(1, 6);

    private static long Number(NodeInput input, string name, long other) =>
        input.Options[name] is JsonValue value && double.TryParse(value.ToJsonString(), out var number) ? (long)Math.Clamp(number, -100_000, 100_000) : other;
}
