using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using ComfyServe.Testing;
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

    private int _ran;

    private readonly Bench _bench = new(withTestNodes: true);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void ValidateAndRun_AnyPrompt_EndsWithAnAnswer()
    {
        Prompts().Sample(EndsWithAnAnswer, iter: RecordedData.IsFull ? 20_000 : 400, threads: 1);

        Assert.True(_ran > 40, $"only {_ran} prompts were valid: the test has lost its point");
    }

    private bool EndsWithAnAnswer(string text)
    {
        var prompt = JsonNode.Parse(text)!.AsObject();
        var validation = _bench.Validator.Validate(prompt, null);
        if (!validation.IsValid)
        {
            return validation.OutputsToExecute.Count == 0 && (string?)validation.Error!["type"] is "invalid_prompt" or "prompt_outputs_failed_validation";
        }

        _ran++;
        var run = new RecordedRun();
        var outcome = _bench.Executor.Run(new QueuedPrompt(1, "p", prompt, [], validation.OutputsToExecute), run, CancellationToken.None);
        return run.Story[0] == "execution_start"
            && (outcome.Completed ? "execution_success" : "execution_error") == run.Messages[^1].Type
            && outcome.Completed == (outcome.StatusText == "success");
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<string> Prompts() => OneOf<string>(Types).SelectMany(Node).Array[1, 8].Select(nodes =>
        "{" + string.Concat(nodes.Select((n, i) => $"\"{i}\": {n}, ")) + "\"out\": " + """{"class_type": "ToyShow", "inputs": {"value": ["0", 0]}}}""");

    /// <summary>Mostly the inputs that the class has, mostly with values that it takes.</summary>
    private static Gen<string> Node(string type)
    {
        var names = ToyNodes.Catalogue.TryGet(type, out var known) ? known.Inputs.Where(i => i.Hidden is null).Select(i => (i.Name, i.Type)).ToList() : [];
        var inputs = names.Append(("odd", "*")).Select(n => Gen.Frequency((5, Fitting(n.Item2)), (4, Link), (1, Literal))).ToArray();
        return Gen.Select(Gen.Int[0, 40], Gen.Int[0, 20].Array[inputs.Length], Gen.Int.SelectMany(_ => Sequence(inputs)), (odd, leave, values) =>
        {
            var map = new JsonObject();
            foreach (var (i, (name, _)) in names.Append(("odd", "*")).Index())
            {
                if (leave[i] > (name == "odd" ? 18 : 0))
                {
                    map[name] = values[i]?.DeepClone();
                }
            }

            return odd switch
            {
                0 => "5",
                1 => $$$$"""{"class_type": "{{{{type}}}}"}""",
                _ => $$$$"""{"class_type": "{{{{type}}}}", "inputs": {{{{map.ToJsonString(Numbers)}}}}}""",
            };
        });
    }

    private static Gen<JsonNode?[]> Sequence(Gen<JsonNode?>[] gens) => gens.Aggregate(
        Gen.Const(Array.Empty<JsonNode?>()),
        (all, next) => Gen.Select(all, next, (values, value) => (JsonNode?[])[.. values, value]));

    private static Gen<JsonNode?> Fitting(string type) => type switch
    {
        "INT" or "FLOAT" => Gen.Int[1, 3].Select(i => (JsonNode?)JsonValue.Create(i)),
        "BOOLEAN" => Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        _ => OneOf("a", "b", "").Select(s => (JsonNode?)JsonValue.Create(s)),
    };

    private static readonly System.Text.Json.JsonSerializerOptions Numbers = new() { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
