using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Testing;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>The nodes that a real ComfyUI described.</summary>
internal static class RecordedCatalogue
{
    private static readonly Lazy<JsonObject> Recorded = new(static () => Find(JsonNode.Parse(File.ReadAllText(RepositoryRoot.Data("traces", "object_info.json"))))!.DeepClone().AsObject());
    private static readonly Lazy<NodeCatalogue> Read = new(static () => NodeCatalogue.Read(JsonElement.Parse(Recorded.Value.ToJsonString())));

    /// <summary>As the service reads them.</summary>
    public static NodeCatalogue Nodes => Read.Value;

    /// <summary>As the engine told them.</summary>
    public static JsonObject Json() => Recorded.Value.DeepClone().AsObject();

    private static JsonObject? Find(JsonNode? node) => node switch
    {
        JsonObject map when map.ContainsKey("KSampler") => map,
        JsonObject map => map.Select(p => Find(p.Value)).FirstOrDefault(f => f is not null),
        JsonArray list => list.Select(Find).FirstOrDefault(f => f is not null),
        _ => null,
    };
}
