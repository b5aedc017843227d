using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using CsCheck;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Prompts that no editor makes.</summary>
public sealed class PromptFuzzTests : IDisposable
{
    private static readonly string[] Types =
    [
        "ToyText", "ToyJoin", "ToyPair", "ToyShow", "ToyPick", "ToyTwice", "ToyBlock", "ToyFail", "ToyCount", "ToyWords", "ToyOwnId", "ToyNoise", "ToySame",
        "ToyLoop", "ToyNone", "ToySteps", "EmptyImage", "ImageInvert", "LoadImage", "Nope",
    ];

    private static readonly Gen<JsonNode?> Literal = Gen.OneOf<JsonNode?>(
        Gen.Bool.Select(_ => (JsonNode?)null),
        Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.Int[-3, 9].Select(i => (JsonNode?)JsonValue.Create(i)),
        Gen.Double.Select(d => (JsonNode?)JsonValue.Create(d)),
        Gen.String[0, 4].Select(s => (JsonNode?)JsonValue.Create(s)),
        OneOf("1e400", "-0", "123456789012345678901234567890", "[]", "{}", """{"__value__": [1, 2]}""", """[["1", 0], 0]""", "[1, 0]", """["1"]""")
            .Select(text => JsonNode.Parse(text)));

    private static readonly Gen<JsonNode?> Link = Gen.Select(Gen.Int[0, 7], Gen.Int[-1, 2], (id, slot) => (JsonNode?)new JsonArray($"{id}", slot));

    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void ValidateAndRun_AnyPrompt_EndsWithAnAnswer() => Prompts().Sample(
        text =>
        {
            var prompt = JsonNode.Parse(text)!.AsObject();
            var validation = _bench.Validator.Validate(prompt, null);
            if (!validation.IsValid)
            {
                return validation.OutputsToExecute.Count == 0 && (string?)validation.Error!["type"] is "invalid_prompt" or "prompt_outputs_failed_validation";
            }

            var run = new RecordedRun();
            var outcome = _bench.Executor.Run(new QueuedPrompt(1, "p", prompt, [], validation.OutputsToExecute), run, CancellationToken.None);
            return run.Story[0] == "execution_start"
                && (outcome.Completed ? "execution_success" : "execution_error") == run.Messages[^1].Type
                && outcome.Completed == (outcome.StatusText == "success");
        },
        iter: 400,
        threads: 1);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<string> Prompts()
    {
        var inputs = Gen.Select(
            OneOf("value", "left", "right", "first", "second", "one", "two", "values", "add", "open", "message", "word", "count", "image", "seed", "steps", "width", "height", "batch_size", "color"),
            Gen.Frequency((2, Literal), (3, Link)),
            (name, value) => (name, value)).Array[0, 6];
        var node = Gen.Select(OneOf<string>(Types), inputs, Gen.Int[0, 30], (type, values, odd) =>
        {
            var map = new JsonObject();
            foreach (var (name, value) in values)
            {
                map[name] = value?.DeepClone();
            }

            return odd == 0 ? "5" : odd == 1 ? $$$$"""{"class_type": "{{{{type}}}}"}""" : $$$$"""{"class_type": "{{{{type}}}}", "inputs": {{{{map.ToJsonString(Numbers)}}}}}""";
        });
        return node.Array[1, 8].Select(nodes =>
            "{" + string.Concat(nodes.Select((n, i) => $"\"{i}\": {n}, ")) + "\"out\": " + """{"class_type": "ToyShow", "inputs": {"value": ["0", 0]}}}""");
    }

    private static readonly System.Text.Json.JsonSerializerOptions Numbers = new() { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
