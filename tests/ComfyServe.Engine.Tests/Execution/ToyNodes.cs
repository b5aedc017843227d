using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Small nodes that exercise the executor.</summary>
internal static class ToyNodes
{
    public static NodeCatalogue Catalogue { get; } = new([typeof(NodeCatalogue).Assembly, typeof(ToyNodes).Assembly]);

    [Node("ToyShow", IsOutput = true)]
    public static Ui Show([Input] object? value) => new Ui().Add("text", $"{value}");

    [Node("ToyText")]
    public static string Text(string value) => value;

    [Node("ToyMany")]
    public static string Many(object? in0 = null, object? in1 = null, object? in2 = null, object? in3 = null) => $"{in0}{in1}{in2}{in3}";

    [Node("ToyPair")]
    public static IReadOnlyList<string> Pair(string first, string second) => [first, second];

    [Node("ToyNone")]
    public static IReadOnlyList<string> None() => [];

    [Node("ToyJoin")]
    public static string Join(string left, string right) => $"{left}+{right}";

    [Node("ToyCount", InputIsList = true)]
    public static long Count(IReadOnlyList<string> values, IReadOnlyList<long> add) => values.Count + add[0];

    [Node("ToyPick", Needs = nameof(Needed))]
    public static string Pick(bool first, [Input(Lazy = true)] string? one, [Input(Lazy = true)] string? two) =>
        (first ? one : two) ?? throw new InvalidOperationException("the input that was asked for is not there");

    [Node("ToyTwice", Description = "Returns ToyJoin(ToyText(value), value).")]
    public static Expansion<string> Twice(string value, NodeContext context)
    {
        var prefix = context.NextPrefix();
        var graph = new JsonObject
        {
            [prefix + "1"] = new JsonObject { ["class_type"] = "ToyText", ["inputs"] = new JsonObject { ["value"] = value } },
            [prefix + "2"] = new JsonObject
            {
                ["class_type"] = "ToyJoin",
                ["inputs"] = new JsonObject { ["left"] = new JsonArray(prefix + "1", 0), ["right"] = value },
            },
        };
        return new Expansion<string>(graph, [new NodeLink(prefix + "2", 0)]);
    }

    [Node("ToyLoop", Description = "Its graph waits for itself.")]
    public static Expansion<string> Loop(NodeContext context)
    {
        var prefix = context.NextPrefix();
        JsonObject Wait(string on) => new() { ["class_type"] = "ToyText", ["inputs"] = new JsonObject { ["value"] = new JsonArray(on, 0) } };
        return new Expansion<string>(new() { [prefix + "1"] = Wait(prefix + "2"), [prefix + "2"] = Wait(prefix + "1") }, [new NodeLink(prefix + "1", 0)]);
    }

    [Node("ToyBlock")]
    public static (Blockable<string> Value, string Other) Block(bool open, string message) =>
        (open ? message : message.Length > 0 ? new Blocked(message) : new Blocked(), message);

    [Node("ToyFail")]
    public static string Fail(string value) => throw new ArgumentException($"no good: {value}", nameof(value));

    [Node("ToyExhaust")]
    public static ImageBatch Exhaust() => new(torch.zeros(1L << 50));

    [Node("ToyState", IsChanged = nameof(State))]
    public static string Stateful(string file) => file;

    [Node("ToyAlways", IsChanged = nameof(Never))]
    public static string Always(string value) => value;

    [Node("ToySteps")]
    public static string Steps(long steps, string value, NodeContext context)
    {
        using var latents = torch.zeros(1, 4, 2, 2);
        for (var step = 1; step <= steps; step++)
        {
            context.Progress(step, steps, latents);
        }

        return value;
    }

    [Node("ToyUntilEnd", Description = "Runs until the run is ended.")]
    public static string UntilEnd(NodeContext context)
    {
        _ = context.Interrupted.WaitHandle.WaitOne(TimeSpan.FromMinutes(1));
        context.Progress(1, 1);
        return "";
    }

    [Node("ToyDeep", Description = "Expands so many times, each inside of the other.")]
    public static Expansion<string> Deep(long levels, NodeContext context)
    {
        var prefix = context.NextPrefix();
        var node = levels > 1
            ? new JsonObject { ["class_type"] = "ToyDeep", ["inputs"] = new JsonObject { ["levels"] = levels - 1 } }
            : new JsonObject { ["class_type"] = "ToyText", ["inputs"] = new JsonObject { ["value"] = "deep" } };
        return new Expansion<string>(new() { [prefix + "1"] = node }, [new NodeLink(prefix + "1", 0)]);
    }

    [Node("ToyNoise")]
    public static ImageBatch Noise(long seed) => new(torch.ones(1, 8, 8, 3) * seed / 10);

    [Node("ToySame")]
    public static ImageBatch Same(ImageBatch image) => image;

    [Node("ToySizes")]
    public static IReadOnlyList<ImageBatch> Sizes() => [new ImageBatch(torch.zeros(1, 4, 4, 3)), new ImageBatch(torch.zeros(1, 6, 5, 3))];

    [Node("ToySpoil")]
    public static ImageBatch Spoil(ImageBatch image)
    {
        var half = image.Tensor / 2;
        throw new InvalidOperationException($"spoilt after {half.shape[0]}");
    }

    [Node("ToyWrap", Description = "An expansion whose graph inverts, next to a value of its own.")]
    public static Expansion<(ImageBatch, ImageBatch)> Wrap(ImageBatch image, NodeContext context)
    {
        var prefix = context.NextPrefix();
        var graph = new JsonObject
        {
            [prefix + "1"] = new JsonObject { ["class_type"] = "ToyNoise", ["inputs"] = new JsonObject { ["seed"] = 3 } },
            [prefix + "2"] = new JsonObject { ["class_type"] = "ImageInvert", ["inputs"] = new JsonObject { ["image"] = new JsonArray(prefix + "1", 0) } },
        };
        return new Expansion<(ImageBatch, ImageBatch)>(graph, [new NodeLink(prefix + "2", 0), new ImageBatch(image.Tensor * 2)]);
    }

    [Node("ToyMeasure", IsOutput = true)]
    public static Ui Measure(ImageBatch image) => new Ui().Add("text", $"{image.Width}");

    [Node("ToyOwnId", NotIdempotent = true)]
    public static string OwnId(string value, [Hidden(HiddenInput.UniqueId)] string id) => $"{value} {id}";

    [Node("ToyWords", Validate = nameof(TooLong))]
    public static string Words([Choices("a", "b")] string word, [Input(Max = 3)] long count) => $"{word}{count}";

    [Node("ToyMeets", Validate = nameof(WrongTypes))]
    public static string Meets([Input] object? value) => $"{value}";

    private static string? WrongTypes(IReadOnlyDictionary<string, object?> input_types) => (string?)input_types["value"] == "IMAGE" ? "no images here" : null;

    private static IEnumerable<string> Needed(bool first) => [first ? "one" : "two"];

    private static string State(string? file) => File.ReadAllText(file!);

    private static double Never() => double.NaN;

    private static string? TooLong(string? word) => word is { Length: > 1 } ? "too long" : null;
}
