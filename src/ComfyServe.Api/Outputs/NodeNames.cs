using System.Text.Json;

namespace ComfyServe.Api.Outputs;

/// <summary>Class and title of a workflow's nodes.</summary>
internal sealed class NodeNames
{
    private readonly Dictionary<string, (string? Type, string? Title)> _nodes = new(StringComparer.Ordinal);

    private NodeNames()
    {
    }

    /// <summary>Reads a workflow.</summary>
    public static NodeNames Read(ReadOnlyMemory<byte> workflow)
    {
        var names = new NodeNames();
        using var document = JsonDocument.Parse(workflow, new JsonDocumentOptions { MaxDepth = Requests.JsonLimits.MaxDepth });
        foreach (var node in document.RootElement.EnumerateObject())
        {
            var title = node.Value.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object ? Text(meta, "title") : null;
            names._nodes[node.Name] = (Text(node.Value, "class_type"), title);
        }

        return names;
    }

    /// <summary>Class of a node, or null.</summary>
    public string? TypeOf(string nodeId) => _nodes.GetValueOrDefault(nodeId).Type;

    /// <summary>Title of a node, or null.</summary>
    public string? TitleOf(string nodeId) => _nodes.GetValueOrDefault(nodeId).Title;

    private static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // Half a surrogate pair.
        }
    }
}
