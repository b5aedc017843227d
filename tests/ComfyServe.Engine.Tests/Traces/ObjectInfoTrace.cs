using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>The recorded reply to <c>GET /object_info</c>.</summary>
internal static class ObjectInfoTrace
{
    private static readonly Lazy<JsonObject> Content = new(Load);

    public static JsonObject Read() => Content.Value;

    private static JsonObject Load()
    {
        var trace = JsonNode.Parse(File.ReadAllText(Path.Combine(TraceFolder.Path, "object_info.json")))!;
        return trace["events"]!.AsArray().Single(e => (string?)e!["kind"] == "http_response")!["json"]!.AsObject();
    }
}
