using System.Text.Json;
using ComfyServe.Api.Owners;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Outputs;

/// <summary>Reads from a history entry which files and texts the nodes of a run produced. Nothing else is ever looked for.</summary>
internal sealed class OutputCatalog
{
    private const int MaxOutputs = 10_000;

    private readonly List<OutputRef> _files = [];
    private readonly List<OutputText> _texts = [];

    private readonly OwnerFiles? _owner;

    private OutputCatalog(OwnerFiles? owner) => _owner = owner;

    /// <summary>Files in the order of the history.</summary>
    public IReadOnlyList<OutputRef> Files => _files;

    /// <summary>Texts in the order of the history.</summary>
    public IReadOnlyList<OutputText> Texts => _texts;

    /// <summary>Reads the outputs of a run.</summary>
    /// <param name="outputs">Node id → kind → list, from the history; may be undefined.</param>
    /// <param name="shown">What the socket told, for nodes that the history leaves out.</param>
    /// <param name="owner">The files of the run's owner, where callers show keys: a node may tell any name.</param>
    public static OutputCatalog Read(JsonElement outputs, IReadOnlyDictionary<string, JsonElement> shown, OwnerFiles? owner)
    {
        var catalog = new OutputCatalog(owner);
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
                    Add(nodeId, kind, filename, Text(item, "subfolder") ?? "", type);
                }
            }
        }
    }

    /// <summary>A bare string is a file name where it looks like one and the kind is not a kind of text.</summary>
    private void ReadText(string nodeId, string kind, string text)
    {
        var slash = text.LastIndexOf('/');
        var (folder, name) = (slash < 0 ? "" : text[..slash], text[(slash + 1)..]);
        if (kind is "text" or "texts" or "string" or "strings" or "markdown" || !LooksLikeFile(text) || _owner?.MayFetch("output", folder, name, isBare: true) == false)
        {
            _texts.Add(new() { NodeId = nodeId, OutputType = kind, Text = _owner?.Told(text) ?? text });
        }
        else
        {
            Add(nodeId, kind, name, folder, "output");
        }
    }

    private void Add(string nodeId, string kind, string filename, string subfolder, string type) => _files.Add(_owner is null
        ? new(nodeId, kind, filename, subfolder, type)
        : new(nodeId, kind, _owner.Told(filename), _owner.Told(subfolder), type) { Place = _owner.MayFetch(type, subfolder, filename, isBare: false) ? subfolder : null });

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
