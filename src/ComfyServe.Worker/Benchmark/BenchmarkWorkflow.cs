using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace ComfyServe.Worker.Benchmark;

/// <summary>A workflow to measure with.</summary>
/// <param name="Name">What it is, for people.</param>
/// <param name="Graph">The workflow; places where a random number belongs say so.</param>
/// <param name="IsCustom">The operator chose it: where it fails, no other is tried.</param>
internal sealed record BenchmarkWorkflow(string Name, JsonObject Graph, bool IsCustom)
{
    /// <summary>Changes when the workflow does.</summary>
    public string Identity { get; } = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Graph.ToJsonString())));

    /// <summary>A body for <c>/generate/sync</c>; another one each time, since engines answer equal work from their cache.</summary>
    /// <param name="random">Draws what is random.</param>
    /// <param name="prompts">Texts for a prompt.</param>
    public JsonObject Payload(Random random, IReadOnlyList<string> prompts)
    {
        var graph = Graph.DeepClone().AsObject();
        foreach (var inputs in graph.Select(static n => n.Value?["inputs"]).OfType<JsonObject>())
        {
            foreach (var name in inputs.Select(static i => i.Key).ToArray())
            {
                if (inputs[name] is JsonValue value && value.TryGetValue(out string? text))
                {
                    inputs[name] = text switch
                    {
                        StandardWorkflows.AnyColor => random.Next(0x1000000),
                        StandardWorkflows.AnyPrompt => prompts[random.Next(prompts.Count)],
                        _ => text,
                    };
                }
            }
        }

        return new JsonObject { ["input"] = new JsonObject { ["request_id"] = $"test-{random.Next(1000, 100_000)}-{random.NextInt64():x}", ["workflow_json"] = graph } };
    }
}
