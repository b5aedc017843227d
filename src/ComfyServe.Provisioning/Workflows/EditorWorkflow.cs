using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Workflows;

/// <summary>What a workflow of the editor says that it needs: models with their URLs, and node packs by their registry names.</summary>
internal sealed class EditorWorkflow
{
    private readonly List<FetchedFile> _models = [];
    private readonly SortedSet<string> _nodePacks = new(StringComparer.Ordinal);
    private readonly List<string> _mistakes = [];

    /// <summary>Models that it names with a URL.</summary>
    public IReadOnlyList<FetchedFile> Models => _models;

    /// <summary>Node packs that its nodes come from, ComfyUI's own left out.</summary>
    public IReadOnlyCollection<string> NodePacks => _nodePacks;

    /// <summary>What of it cannot be used.</summary>
    public IReadOnlyList<string> Mistakes => _mistakes;

    /// <summary>Reads the JSON of a workflow; one in API format needs nothing that it names.</summary>
    public static EditorWorkflow Read(ReadOnlySpan<byte> json, string modelsFolder)
    {
        var workflow = new EditorWorkflow();
        try
        {
            if (JsonNode.Parse(json) is not JsonObject root)
            {
                workflow._mistakes.Add("is not a JSON object");
            }
            else
            {
                workflow.Collect(root, modelsFolder);
            }
        }
        catch (JsonException exception)
        {
            workflow._mistakes.Add($"is not JSON: {exception.Message}");
        }

        return workflow;
    }

    private void Collect(JsonObject root, string modelsFolder)
    {
        var inner = (root["definitions"]?["subgraphs"] as JsonArray ?? []).SelectMany(s => (s as JsonObject)?["nodes"] as JsonArray ?? []);
        foreach (var node in (root["nodes"] as JsonArray ?? []).Concat(inner))
        {
            if ((node as JsonObject)?["properties"] is not JsonObject properties)
            {
                continue;
            }

            if (Text(properties["cnr_id"]) is { } pack && pack != "comfy-core")
            {
                _nodePacks.Add(pack);
            }

            foreach (var model in properties["models"] as JsonArray ?? [])
            {
                Add(model as JsonObject, modelsFolder);
            }
        }
    }

    /// <summary>The workflow is somebody's file: its names must stay below the models folder.</summary>
    private void Add(JsonObject? model, string modelsFolder)
    {
        var name = Text(model?["name"]);
        var folder = Text(model?["directory"]);
        var url = Text(model?["url"]) is { } text ? SourcePlace.Web(text) : null;
        if (name is null || folder is null || url is null || DestinationName.Safe(name) != name || Path.IsPathRooted(folder)
            || DataPaths.Below(modelsFolder, folder + "/") is not { } full)
        {
            _mistakes.Add($"its model '{name}' in '{folder}' lacks a usable name, folder or URL");
            return;
        }

        var file = new FetchedFile(url, Path.Combine(full, name)) { Sha256 = Digest(model!) };
        if (!_models.Any(m => m.Destination == file.Destination))
        {
            _models.Add(file);
        }
    }

    private static string? Digest(JsonObject model) =>
        string.Equals(Text(model["hash_type"]), "SHA256", StringComparison.OrdinalIgnoreCase) && Text(model["hash"]) is { Length: 64 } hash && hash.All(char.IsAsciiHexDigit)
            ? hash.ToLowerInvariant()
            : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;
}
