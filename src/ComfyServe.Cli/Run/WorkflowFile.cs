using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Engine;
using ComfyServe.Workflows;
using ComfyServe.Workflows.Formats;

namespace ComfyServe.Cli.Run;

/// <summary>A workflow read from disk, with the caller's changes applied.</summary>
internal sealed class WorkflowFile
{
    private const long MaximumInputBytes = 64 << 20;

    private WorkflowFile(JsonObject graph, WorkflowFormat format, JsonArray? images, string folder)
    {
        Graph = graph;
        IsEditorFormat = format == WorkflowFormat.Editor;
        Images = images;
        Folder = folder;
    }

    /// <summary>Node id → <c>{class_type, inputs}</c>; numbers keep the text that the file has.</summary>
    public JsonObject Graph { get; }

    /// <summary>Whether it is in the editor's format, which an API service converts.</summary>
    public bool IsEditorFormat { get; }

    /// <summary>Pictures that came in the file beside the workflow (<c>[{name, image}]</c>), or null.</summary>
    public JsonArray? Images { get; }

    /// <summary>The folder of the file: inputs are looked up beside it and in its <c>input/</c>.</summary>
    public string Folder { get; }

    /// <summary>The same file after its workflow was converted to API format.</summary>
    public WorkflowFile With(JsonObject graph) => new(graph, WorkflowFormat.Api, Images, Folder);

    /// <summary>
    /// Reads a workflow, in API format or in the editor's: JSON in any encoding that is in use, alone or in a request of this or another service; or a PNG that
    /// ComfyUI saved, which gives what ran.
    /// </summary>
    /// <exception cref="UsageException">The file is missing, or has no workflow in it.</exception>
    public static WorkflowFile Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new UsageException($"Workflow '{path}' does not exist");
        }

        try
        {
            using var document = JsonDocument.Parse(WorkflowText.Read(File.ReadAllBytes(path)), new JsonDocumentOptions { MaxDepth = 128 });
            var envelope = WorkflowEnvelope.Open(document.RootElement)
                ?? throw new UsageException($"'{path}' is no workflow. {WorkflowEnvelope.Explain(document.RootElement)}");
            var images = envelope.Images.ValueKind == JsonValueKind.Array ? JsonArray.Create(envelope.Images.Clone()) : null;
            return new WorkflowFile(JsonObject.Create(envelope.Workflow.Clone())!, envelope.Format, images, Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (JsonException error)
        {
            var place = error.LineNumber is { } line ? $"what is on line {line + 1}, at byte {error.BytePositionInLine + 1} of it, does not belong there" : "it cannot be read";
            throw new UsageException($"Workflow '{path}' is not JSON: {place}");
        }
        catch (InvalidOperationException)
        {
            throw new UsageException($"Workflow '{path}' is not JSON: a name in it is no Unicode");
        }
        catch (WorkflowFormatException error)
        {
            throw new UsageException($"'{path}' is no workflow: {error.Message}");
        }
    }

    /// <summary>Sets an input from <c>NODE.INPUT=VALUE</c>; the value takes the type of what it replaces.</summary>
    /// <exception cref="UsageException">The assignment is malformed, or names a node that the workflow lacks.</exception>
    public void Set(string assignment)
    {
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        var dot = assignment.IndexOf('.', StringComparison.Ordinal);
        if (equals < 0 || dot < 0 || dot > equals)
        {
            throw new UsageException($"'--set {assignment}' is not of the form NODE.INPUT=VALUE, for example 6.text=\"a red circle\"");
        }

        var (node, input, value) = (assignment[..dot], assignment[(dot + 1)..equals], assignment[(equals + 1)..]);
        if (Graph[node] is not JsonObject found)
        {
            throw new UsageException($"'--set {assignment}': the workflow has no node '{node}'; it has {string.Join(", ", Graph.Select(n => $"'{n.Key}'"))}");
        }

        if (found["inputs"] is not JsonObject inputs)
        {
            found["inputs"] = inputs = [];
        }

        var type = found["class_type"] is JsonValue named && named.TryGetValue<string>(out var text) ? text : "";
        IReadOnlyList<string> known = [.. inputs.Select(static i => i.Key).Union(BuiltInNodes.InputsOf(type), StringComparer.Ordinal)];
        if (!known.Contains(input, StringComparer.Ordinal))
        {
            throw new UsageException($"'--set {assignment}': node '{node}' ({type}) has no input '{input}'; it has {(known.Count > 0 ? string.Join(", ", known.Select(static k => $"'{k}'")) : "none")}");
        }

        inputs[input] = Convert(inputs[input], value);
    }

    /// <summary>The body of a request that runs it.</summary>
    public JsonObject ToRequest(string id)
    {
        var input = new JsonObject { ["request_id"] = id, ["workflow_json"] = Graph.DeepClone() };
        if (Images is not null)
        {
            input["images"] = Images.DeepClone();
        }

        return new() { ["input"] = input };
    }

    /// <summary>Files beside the workflow that loading nodes name. A prompt or a model of the same name as a file is none of them.</summary>
    public IEnumerable<LocalInput> LocalInputs()
    {
        foreach (var (id, node) in Graph)
        {
            if (node is not JsonObject { } found || found["inputs"] is not JsonObject inputs || found["class_type"] is not JsonValue type || !type.TryGetValue<string>(out var name))
            {
                continue;
            }

            foreach (var (input, value) in inputs.ToList())
            {
                if (LoaderInputs.HoldsFile(name, input) && value is JsonValue text && text.TryGetValue<string>(out var file) && Find(file) is { } path)
                {
                    yield return new LocalInput(id, inputs, input, path);
                }
            }
        }
    }

    private static JsonNode? Convert(JsonNode? old, string value)
    {
        if (old is JsonValue current && current.GetValueKind() == JsonValueKind.String)
        {
            return JsonValue.Create(value);
        }

        try
        {
            return JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }

    private string? Find(string file)
    {
        if (file.Length is 0 or > 255 || !Path.HasExtension(file) || Path.IsPathRooted(file) || file.Split('/', '\\').Contains("..", StringComparer.Ordinal)
            || file.IndexOfAny(Path.GetInvalidPathChars()) >= 0)
        {
            return null;
        }

        return new[] { Path.Combine(Folder, "input", file), Path.Combine(Folder, file) }
            .FirstOrDefault(p => File.Exists(p) && new FileInfo(p).Length <= MaximumInputBytes);
    }
}
