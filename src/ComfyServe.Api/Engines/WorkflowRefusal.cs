using System.Text;
using System.Text.Json;
using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Engines;

/// <summary>Why an engine refused a workflow: its own words, and the first node concerned.</summary>
/// <param name="Message">For people.</param>
/// <param name="NodeId">The first node with an error, if any.</param>
/// <param name="NodeType">Class of that node.</param>
internal sealed record WorkflowRefusal(string Message, string? NodeId, string? NodeType)
{
    private const int MaxErrors = 20;

    /// <summary>Reads the body of a 4xx answer to <c>POST /prompt</c>.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="body">Body, which need not be JSON.</param>
    /// <param name="files">The files of the caller, where callers show keys: then nothing of others is told.</param>
    public static WorkflowRefusal Read(int status, ReadOnlyMemory<byte> body, OwnerFiles? files)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var read = Read(status, document.RootElement, files is not null);
            return files is null ? read : read with { Message = files.Told(read.Message) };
        }
        catch (JsonException)
        {
            var start = Encoding.UTF8.GetString(body.Span[..Math.Min(200, body.Length)]);
            return new(files?.Told($"ComfyUI {status}: {start}") ?? $"ComfyUI {status}: {start}", null, null);
        }
    }

    private static WorkflowRefusal Read(int status, JsonElement root, bool hidesChoices)
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
            text.Append(error.ValueKind == JsonValueKind.String ? error.GetString() : Describe(error, hidesChoices));
        }

        if (root.TryGetProperty("node_errors", out var nodes) && nodes.ValueKind == JsonValueKind.Object)
        {
            var count = 0;
            foreach (var node in nodes.EnumerateObject())
            {
                firstNode ??= node.Name;
                firstType ??= Text(node.Value, "class_type");
                AppendNode(text, node, hidesChoices, ref count);
            }
        }

        return new(text.ToString(), firstNode, firstType);
    }

    private static void AppendNode(StringBuilder text, JsonProperty node, bool hidesChoices, ref int count)
    {
        if (node.Value.ValueKind != JsonValueKind.Object || !node.Value.TryGetProperty("errors", out var errors) || errors.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var error in errors.EnumerateArray())
        {
            if (count++ < MaxErrors)
            {
                text.Append($"; node '{node.Name}' ({Text(node.Value, "class_type")}): {Describe(error, hidesChoices)}");
            }
        }
    }

    private static string Describe(JsonElement error, bool hidesChoices)
    {
        var message = Text(error, "message") ?? "unknown error";
        var details = Text(error, "details");
        details = hidesChoices ? ChoiceLists.Cut(Text(error, "type"), details) : details;
        return string.IsNullOrEmpty(details) || details == message ? message : $"{message}: {details}";
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
