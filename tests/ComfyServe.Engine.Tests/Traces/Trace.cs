using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>One recorded scenario: what a client sent to a real ComfyUI, and all that came back, in order.</summary>
internal sealed partial class Trace
{
    private static readonly HashSet<string> Names = ["socket", "ws", "connection", "conn", "client", "client_id", "name", "who", "id", "sid"];

    private Trace(string name, IReadOnlyList<JsonObject> events) => (Name, Events) = (name, events);

    public string Name { get; }

    public IReadOnlyList<JsonObject> Events { get; }

    /// <summary>Requests with their responses, in order.</summary>
    public IEnumerable<(JsonObject Request, JsonObject Response)> Exchanges =>
        Events.Where(e => Kind(e) == "http_request").Zip(Events.Where(e => Kind(e) == "http_response"));

    /// <summary>Prompts with the responses to them.</summary>
    public IEnumerable<(JsonNode? Prompt, JsonObject Body, JsonObject Response)> Prompts =>
        from e in Exchanges
        where (string?)e.Request["method"] == "POST" && Route(e.Request) == "/prompt" && e.Request["json"] is JsonObject
        let body = e.Request["json"]!.AsObject()
        select (body["prompt"], body, e.Response);

    /// <summary>Messages as JSON, in order.</summary>
    public IEnumerable<JsonObject> Messages => Events.Where(e => Socket(e).Kind == "ws_text").Select(e => JsonNode.Parse((string)e["text"]!)!.AsObject());

    public static Trace Load(string path)
    {
        var trace = new Trace(Path.GetFileNameWithoutExtension(path), [.. JsonNode.Parse(File.ReadAllText(path))!["events"]!.AsArray().Select(e => e!.AsObject())]);
        trace.RestoreSentPrompts();
        return trace;
    }

    /// <summary>Classes of a prompt that are not built here, though they are in ComfyUI.</summary>
    public static IEnumerable<string> Unbuilt(JsonNode? prompt, JsonObject response, Func<string, bool> isBuilt) =>
        Nodes(prompt).Select(n => n.Class).Distinct()
            .Where(c => !isBuilt(c) && !((string?)response["json"]?["error"]?["message"] ?? "").Contains($"node {c} does not exist", StringComparison.Ordinal));

    /// <summary>
    /// A workflow that the client extended for a later request was written down in its extended form for the earlier one
    /// too. The history has what was sent.
    /// </summary>
    private void RestoreSentPrompts()
    {
        var kept = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var (id, entry) in Exchanges.Where(e => Route(e.Request).StartsWith("/history", StringComparison.Ordinal)).SelectMany(e => e.Response["json"] as JsonObject ?? []))
        {
            kept[id] = entry!["prompt"]![2]!.AsObject();
        }

        foreach (var (prompt, body, response) in Prompts.ToList())
        {
            if ((string?)response["json"]?["prompt_id"] is { } id && kept.TryGetValue(id, out var sent) && prompt is JsonObject written && sent.Count < written.Count)
            {
                body["prompt"] = sent.DeepClone();
            }
        }
    }

    /// <summary>The prompt that a message tells of; null where it tells of none.</summary>
    public static string? PromptId(JsonObject message) => (string?)(message["data"] as JsonObject)?["prompt_id"];

    /// <summary>
    /// The client that an event belongs to, by what names it (a field that is none of the event's own, or a word within the kind such as
    /// <c>ws2_text</c>), and the kind without that. Empty where there is one client, or none is named.
    /// </summary>
    public static (string Name, string Kind) Socket(JsonObject entry)
    {
        var kind = Kind(entry);
        if (SocketKind().Match(kind) is not { Success: true } parts)
        {
            return ("", kind);
        }

        var named = entry.FirstOrDefault(f => Names.Contains(f.Key)).Value?.ToString();
        return (named ?? parts.Groups["name"].Value, $"ws_{parts.Groups["what"].Value}");
    }

    [GeneratedRegex("^ws_?(?<name>.*?)_(?<what>open|send|close|text|binary)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SocketKind();

    public static string Kind(JsonObject entry) => (string)entry["kind"]!;

    public static int Status(JsonObject response) => (int)response["status"]!;

    /// <summary>The path without its query and the prefix that means nothing.</summary>
    public static string Route(JsonObject entry)
    {
        var path = ((string)entry["path"]!).Split('?')[0];
        return path.StartsWith("/api/", StringComparison.Ordinal) ? path[4..] : path;
    }

    /// <summary>A value of the path's query.</summary>
    public static string? Query(JsonObject entry, string name)
    {
        var parts = ((string)entry["path"]!).Split('?', 2);
        return parts.Length < 2 ? null : parts[1].Split('&').Select(p => p.Split('=', 2)).FirstOrDefault(p => p[0] == name) is { Length: 2 } pair
            ? Uri.UnescapeDataString(pair[1])
            : null;
    }

    /// <summary>The nodes of a workflow that name a class.</summary>
    public static IEnumerable<(string Id, string Class, JsonObject Inputs)> Nodes(JsonNode? prompt) =>
        from entry in prompt as JsonObject ?? []
        let node = entry.Value as JsonObject
        where node?["class_type"]?.GetValueKind() == JsonValueKind.String
        select (entry.Key, (string)node["class_type"]!, node["inputs"] as JsonObject ?? []);
}
