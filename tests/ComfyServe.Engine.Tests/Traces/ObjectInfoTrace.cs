using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>The recorded reply to <c>GET /object_info</c>.</summary>
internal static class ObjectInfoTrace
{
    private static readonly Lazy<JsonObject> Content = new(Load);

    /// <summary>Why there is none; null where there is.</summary>
    public static string? Missing => File.Exists(FilePath) ? null : $"not among the recorded exchanges in '{TraceFolder.Path}': object_info.json";

    public static JsonObject Read() => Content.Value;

    private static string FilePath => System.IO.Path.Combine(TraceFolder.Path, "object_info.json");

    private static JsonObject Load()
    {
        var trace = JsonNode.Parse(File.ReadAllText(FilePath))!;
        return trace["events"]!.AsArray().Single(e => (string?)e!["kind"] == "http_response")!["json"]!.AsObject();
    }
}
