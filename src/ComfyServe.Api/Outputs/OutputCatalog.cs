using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Outputs;

/// <summary>Reads from a history entry which files and texts the nodes of a run produced. Nothing else is ever looked for.</summary>
internal sealed class OutputCatalog
{
    private const int MaxOutputs = 10_000;

    private readonly List<OutputRef> _files = [];
    private readonly List<OutputText> _texts = [];

    private OutputCatalog()
    {
    }

    /// <summary>Files in the order of the history.</summary>
    public IReadOnlyList<OutputRef> Files => _files;

    /// <summary>Texts in the order of the history.</summary>
    public IReadOnlyList<OutputText> Texts => _texts;

    /// <summary>Reads the outputs of a run.</summary>
    /// <param name="outputs">Node id → kind → list, from the history; may be undefined.</param>
    /// <param name="shown">What the socket told, for nodes that the history leaves out.</param>
    public static OutputCatalog Read(JsonElement outputs, IReadOnlyDictionary<string, JsonElement> shown)
    {
        var catalog = new OutputCatalog();
        var named = new HashSet<string>(StringComparer.Ordinal);
        if (outputs.ValueKind == JsonValueKind.Object)
        {
            foreach (var node in outputs.EnumerateObject())
            {
                named.Add(node.Name);
                catalog.ReadNode(node.Name, node.Value);
            }
        }

        foreach (var (nodeId, value) in shown)
        {
            if (!named.Contains(nodeId))
            {
                catalog.ReadNode(nodeId, value);
            }
        }

        return catalog;
    }

    private void ReadNode(string nodeId, JsonElement node)
    {
        if (node.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        // Where a node lists its files, its images are previews of them.
        var hasFiles = node.TryGetProperty("files", out var files) && files.ValueKind == JsonValueKind.Array && files.GetArrayLength() > 0;
        foreach (var kind in node.EnumerateObject())
        {
            if (kind.Value.ValueKind == JsonValueKind.Array && !(hasFiles && kind.Name == "images"))
            {
                ReadItems(nodeId, kind.Name, kind.Value);
            }
        }
    }

    private void ReadItems(string nodeId, string kind, JsonElement items)
    {
        foreach (var item in items.EnumerateArray())
        {
            if (_files.Count + _texts.Count >= MaxOutputs)
            {
                return;
            }

            if (item.ValueKind == JsonValueKind.String)
            {
                ReadText(nodeId, kind, item.GetString()!);
            }
            else if (item.ValueKind == JsonValueKind.Object && Text(item, "filename") is { Length: > 0 } filename)
            {
                var type = Text(item, "type") ?? "output";
                if (type is "output" or "input")
                {
                    _files.Add(new(nodeId, kind, filename, Text(item, "subfolder") ?? "", type));
                }
            }
        }
    }

    /// <summary>A bare string is a file name where it looks like one and the kind is not a kind of text.</summary>
    private void ReadText(string nodeId, string kind, string text)
    {
        if (kind is "text" or "texts" or "string" or "strings" or "markdown" || !LooksLikeFile(text))
        {
            _texts.Add(new() { NodeId = nodeId, OutputType = kind, Text = text });
        }
        else
        {
            var slash = text.LastIndexOf('/');
            _files.Add(new(nodeId, kind, text[(slash + 1)..], slash < 0 ? "" : text[..slash], "output"));
        }
    }

    private static bool LooksLikeFile(string text)
    {
        var extension = Path.GetExtension(text);
        return text.Length <= 255 && extension.Length is > 1 and <= 12 && extension.AsSpan(1).IndexOfAnyExcept(Letters) < 0
            && text.AsSpan().IndexOfAny('\n', '\r', '\t') < 0;
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
