using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Testing.Engines;

/// <summary>A prompt that a <see cref="FakeEngine"/> received.</summary>
public sealed class FakePrompt
{
    /// <summary>The id, the caller's or one chosen by the engine.</summary>
    public required string Id { get; init; }

    /// <summary>Queue number.</summary>
    public required double Number { get; init; }

    /// <summary>Socket id that the run's messages go to, if any.</summary>
    public string? ClientId { get; init; }

    /// <summary>How long the caller lets the run take, in seconds; null where it did not say. Not heeded, as by a real ComfyUI.</summary>
    public double? RunSeconds { get; init; }

    /// <summary>The graph, as received.</summary>
    public required JsonObject Graph { get; init; }

    /// <summary>The graph's bytes, as received.</summary>
    public required string GraphText { get; init; }

    /// <summary>Set while the run should stop.</summary>
    public CancellationTokenSource Interruption { get; } = new();

    /// <summary>Ids of the nodes that ran.</summary>
    public IList<string> Executed { get; } = [];

    /// <summary>Node id → what the node shows.</summary>
    public JsonObject Outputs { get; } = [];

    /// <summary>The run's messages, as in the history.</summary>
    public JsonArray Messages { get; } = [];

    /// <summary>The history entry.</summary>
    public JsonObject ToHistory(string status, bool completed) => new()
    {
        ["prompt"] = new JsonArray(Number, Id, Graph.DeepClone(), new JsonObject { ["client_id"] = ClientId }, new JsonArray()),
        ["outputs"] = Outputs.DeepClone(),
        ["status"] = new JsonObject { ["status_str"] = status, ["completed"] = completed, ["messages"] = Messages.DeepClone() },
        ["meta"] = new JsonObject(),
    };

    /// <summary>The item in <c>GET /queue</c>.</summary>
    public JsonArray ToQueueItem() => new(Number, Id, Graph.DeepClone(), new JsonObject { ["client_id"] = ClientId }, new JsonArray());

    /// <summary>An input of a node as text, or null.</summary>
    public static string? Text(JsonNode node, string input) =>
        node["inputs"]?[input] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>An input of a node as a whole number, or <paramref name="otherwise"/>.</summary>
    public static int Number32(JsonNode node, string input, int otherwise) =>
        node["inputs"]?[input] is JsonValue value && value.TryGetValue<int>(out var number) ? number : otherwise;
}
