using System.Text;
using System.Text.Json;
using ComfyServe.Api.Owners;
using ComfyServe.Workflows;

namespace ComfyServe.Api.Engines;

/// <summary>Why an engine refused a workflow: its own words, and the first node concerned.</summary>
/// <param name="Message">For people.</param>
/// <param name="NodeId">The first node with an error, if any.</param>
/// <param name="NodeType">Class of that node.</param>
internal sealed record WorkflowRefusal(string Message, string? NodeId, string? NodeType)
{
    private const int MaxErrors = 20;

    /// <summary>Engines repeat the values that they refuse: one may be a file.</summary>
    private const int LongestText = 300;

    /// <summary>Reads the body of a 4xx answer to <c>POST /prompt</c>.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="body">Body, which need not be JSON.</param>
    /// <param name="files">The files of the caller, where callers show keys: then nothing of others is told.</param>
    public static WorkflowRefusal Read(int status, ReadOnlyMemory<byte> body, OwnerFiles? files)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var read = Read(status, document.RootElement, files);
            return files is null ? read : read with { Message = files.Told(read.Message) };
        }
        catch (JsonException)
        {
            var start = Encoding.UTF8.GetString(body.Span[..Math.Min(200, body.Length)]);
            return new(files?.Told($"ComfyUI {status}: {start}") ?? $"ComfyUI {status}: {start}", null, null);
        }
    }

    /// <summary>What an engine that runs the rest says of nodes that it leaves out (<c>node_errors</c>): each node's id, and a sentence.</summary>
    /// <param name="nodeErrors">The engine's words.</param>
    /// <param name="files">The files of the caller, where callers show keys: then nothing of others is told.</param>
    public static IEnumerable<(string Node, string Text)> LeftOut(JsonElement nodeErrors, OwnerFiles? files)
    {
        if (nodeErrors.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        foreach (var node in nodeErrors.EnumerateObject().Take(MaxErrors))
        {
            var (text, count) = (new StringBuilder(), 0);
            AppendNode(text, node, files, ref count);
            yield return (node.Name, $"the engine leaves out what needs this{text}");
        }
    }

    /// <summary>What the caller may see, shortened after that: half a folder's name would not be known for one.</summary>
    private static string Brief(string text, OwnerFiles? files) => Excerpt.Of(files?.Told(text) ?? text, LongestText);

    private static WorkflowRefusal Read(int status, JsonElement root, OwnerFiles? files)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return new($"ComfyUI {status}", null, null);
        }

        string? firstNode = null;
        string? firstType = null;
        var text = new StringBuilder("ComfyUI error: ");
        if (root.TryGetProperty("error", out var error))
        {
            text.Append(error.ValueKind == JsonValueKind.String ? Brief(error.GetString()!, files) : Describe(error, files));
        }

        if (root.TryGetProperty("node_errors", out var nodes) && nodes.ValueKind == JsonValueKind.Object)
        {
            var count = 0;
            foreach (var node in nodes.EnumerateObject())
            {
                firstNode ??= node.Name;
                firstType ??= Text(node.Value, "class_type");
                AppendNode(text, node, files, ref count);
            }
        }

        return new(text.ToString(), firstNode, firstType);
    }

    private static void AppendNode(StringBuilder text, JsonProperty node, OwnerFiles? files, ref int count)
    {
        if (node.Value.ValueKind != JsonValueKind.Object || !node.Value.TryGetProperty("errors", out var errors) || errors.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var error in errors.EnumerateArray())
        {
            if (count++ < MaxErrors)
            {
                text.Append($"; node '{node.Name}' ({Text(node.Value, "class_type")}): {Describe(error, files)}");
            }
        }
    }

    private static string Describe(JsonElement error, OwnerFiles? files)
    {
        var message = Brief(Text(error, "message") ?? "unknown error", files);
        var details = Text(error, "details");
        details = files is null ? details : ChoiceLists.Cut(Text(error, "type"), details);
        details = details is null ? null : Brief(details, files);
        return string.IsNullOrEmpty(details) || details == message ? message : $"{message}: {details}";
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
