using System.Text.Json.Nodes;
using ComfyServe.Engine.Tests.Traces;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Every prompt of the recorded refusals, checked without a server.</summary>
[Trait("kind", "comparison")]
public sealed class RecordedValidationTests : IDisposable
{
    private readonly Bench _bench = new();

    public RecordedValidationTests()
    {
        var checkpoints = Directory.CreateDirectory(Path.Combine(_bench.Folders.Models, "checkpoints")).FullName;
        File.WriteAllText(Path.Combine(checkpoints, "v1-5-pruned-emaonly-fp16.safetensors"), "");
    }

    public static TheoryData<string, string, string> Recorded()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var file in Directory.EnumerateFiles(TraceFolder.Path, "*.json").Where(f => !f.EndsWith("object_info.json", StringComparison.Ordinal)))
        {
            var events = JsonNode.Parse(File.ReadAllText(file))!["events"]!.AsArray();
            for (var i = 0; i < events.Count; i++)
            {
                if (Prompt(events[i]!) is { } prompt && Reply(events, i) is { } reply && reply["error"]?["type"]?.GetValue<string>() != "no_prompt")
                {
                    var note = (string?)events[i]!["note"] ?? $"event {i}";
                    data.Add($"{Path.GetFileNameWithoutExtension(file)}: {note}", prompt.ToJsonString(), reply.ToJsonString());
                }
            }
        }

        return data;
    }

    public void Dispose() => _bench.Dispose();

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void Validate_RecordedPrompt_GivesTheRecordedErrors(string name, string prompt, string reply)
    {
        var graph = Bench.Prompt(prompt);
        var missing = graph.Select(n => (string?)n.Value!["class_type"]).FirstOrDefault(c => c is not null and not "NoSuchNode" && !_bench.Catalogue.TryGet(c, out _));
        Assert.SkipUnless(missing is null, $"{name}: node '{missing}' is not built");
        Provide(graph);
        var expected = JsonNode.Parse(reply)!;

        var actual = _bench.Validator.Validate(graph, null);

        Assert.Equal(Comparable(expected["error"]), Comparable(actual.Error));
        Assert.Equal(Comparable(expected["node_errors"]), Comparable(actual.NodeErrors));
    }

    /// <summary>Files that were there when the recording was made.</summary>
    private void Provide(JsonObject graph)
    {
        Directory.CreateDirectory(_bench.Folders.Input);
        foreach (var name in graph.Select(n => n.Value!["inputs"]).OfType<JsonObject>().SelectMany(i => i).Select(i => i.Value as JsonValue))
        {
            if (name?.ToString() is "corrupt.safetensors")
            {
                File.WriteAllText(Path.Combine(_bench.Folders.Models, "checkpoints", "corrupt.safetensors"), "");
            }
            else if (name?.ToString() is { } image && image.EndsWith(".png", StringComparison.Ordinal) && image != "does_not_exist.png")
            {
                File.WriteAllText(Path.Combine(_bench.Folders.Input, image), "");
            }
        }
    }

    private static JsonObject? Prompt(JsonNode @event) =>
        (string?)@event["kind"] == "http_request" && (string?)@event["method"] == "POST" && (string?)@event["path"] == "/prompt"
            ? (@event["json"] as JsonObject)?["prompt"] as JsonObject
            : null;

    private static JsonObject? Reply(JsonArray events, int request) =>
        events.Skip(request + 1).FirstOrDefault(e => (string?)e!["kind"] == "http_response")?["json"] as JsonObject;

    /// <summary>Without tracebacks and help texts; lists that come from Python's sets in one order.</summary>
    private static string? Comparable(JsonNode? node)
    {
        var copy = node?.DeepClone();
        Normalize(copy);
        return TraceJson.Sorted(copy)?.ToJsonString();
    }

    private static void Normalize(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            map.Remove("tooltip");
            if (map.ContainsKey("traceback"))
            {
                map["traceback"] = map["traceback"]!.GetValueKind().ToString();
            }

            if (map["errors"] is JsonArray errors)
            {
                map["errors"] = new JsonArray([.. errors.OrderBy(e => (string?)e!["details"], StringComparer.Ordinal).Select(e => e!.DeepClone())]);
            }

            foreach (var (_, value) in map)
            {
                Normalize(value);
            }
        }

        foreach (var item in node as JsonArray ?? [])
        {
            Normalize(item);
        }
    }
}
