using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using TorchSharp;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>Writes down what a run reports.</summary>
internal sealed class RecordedRun : IExecutionListener
{
    public List<(string Type, JsonObject Data, Audience Audience)> Messages { get; } = [];

    public List<string?> Currents { get; } = [];

    public List<(string NodeId, string Text)> Texts { get; } = [];

    public List<(NodePlace Node, long[] Shape)> Previews { get; } = [];

    public bool WantsPreviews { get; init; }

    /// <summary>Called after each message.</summary>
    public Action<string, JsonObject>? OnMessage { get; set; }

    /// <summary>Types in short: <c>executing 1</c>, <c>progress_state 1:running</c>…</summary>
    public IReadOnlyList<string> Story => [.. Messages.Select(m => Short(m.Type, m.Data))];

    public JsonObject Single(string type) => Messages.Single(m => m.Type == type).Data;

    public IReadOnlyList<string> Executing => [.. Messages.Where(m => m.Type == "executing").Select(m => (string)m.Data["node"]!)];

    /// <summary>Whether anybody listens.</summary>
    public bool IsHeard { get; init; } = true;

    public bool Reaches(Audience audience) => IsHeard;

    public void Send(string type, JsonObject data, Audience audience)
    {
        Messages.Add((type, data, audience));
        OnMessage?.Invoke(type, data);
    }

    public void Current(string? displayNodeId) => Currents.Add(displayNodeId);

    public void Preview(NodePlace node, torch.Tensor denoised) => Previews.Add((node, denoised.shape));

    public void Text(string nodeId, string text) => Texts.Add((nodeId, text));

    private static string Short(string type, JsonObject data) => type switch
    {
        "executing" or "executed" => $"{type} {(string?)data["node"]}",
        "execution_cached" => $"{type} {string.Join(',', data["nodes"]!.AsArray().Select(n => (string)n!))}",
        "progress_state" => $"{type} {Last(data["nodes"]!.AsObject())}",
        _ => type,
    };

    private static string Last(JsonObject nodes)
    {
        var running = nodes.Where(n => (string)n.Value!["state"]! == "running").Select(n => $"{n.Key}:running");
        return string.Join(' ', running.DefaultIfEmpty($"{nodes.Count} finished"));
    }
}
