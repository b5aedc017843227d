using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Cli.Run;

/// <summary>A workflow read from disk, with the caller's changes applied.</summary>
internal sealed class WorkflowFile
{
    private const long MaximumInputBytes = 64 << 20;

    private WorkflowFile(JsonObject graph, string folder)
    {
        Graph = graph;
        Folder = folder;
    }

    /// <summary>Node id → <c>{class_type, inputs}</c>; numbers keep the text that the file has.</summary>
    public JsonObject Graph { get; }

    /// <summary>Whether it is in the editor's format, which an API service converts.</summary>
    public bool IsEditorFormat => Graph["nodes"] is JsonArray;

    /// <summary>The folder of the file: inputs are looked up beside it and in its <c>input/</c>.</summary>
    public string Folder { get; }

    /// <summary>The same file after its workflow was converted to API format.</summary>
    public WorkflowFile With(JsonObject graph) => new(graph, Folder);

    /// <summary>Reads a workflow, in API format or in the editor's.</summary>
    /// <exception cref="UsageException">The file is missing, or is not a JSON object.</exception>
    public static WorkflowFile Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new UsageException($"Workflow '{path}' does not exist");
        }

        JsonNode? parsed;
        try
        {
            parsed = JsonNode.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException error)
        {
            throw new UsageException($"Workflow '{path}' is not JSON: {error.Message}");
        }

        var graph = Unwrap(parsed) ?? throw new UsageException($"Workflow '{path}' is not a JSON object");
        return new WorkflowFile(graph, Path.GetDirectoryName(Path.GetFullPath(path))!);
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

        inputs[input] = Convert(inputs[input], value);
    }

    /// <summary>Files beside the workflow that its inputs name: input slot → path on this machine.</summary>
    public IEnumerable<LocalInput> LocalInputs()
    {
        foreach (var (_, node) in Graph)
        {
            if (node?["inputs"] is not JsonObject inputs)
            {
                continue;
            }

            foreach (var (name, value) in inputs.ToList())
            {
                if (value is JsonValue text && text.TryGetValue<string>(out var file) && Find(file) is { } path)
                {
                    yield return new LocalInput(inputs, name, path);
                }
            }
        }
    }

    private static JsonObject? Unwrap(JsonNode? parsed)
    {
        // The envelope of a request and a bare graph are both in use as files.
        var inner = parsed is JsonObject envelope && envelope["input"] is JsonObject input ? input["workflow_json"] ?? parsed : parsed;
        if (inner is not JsonObject graph)
        {
            return null;
        }

        return inner == parsed ? graph : (JsonObject)graph.DeepClone();
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
        if (file.Length is 0 or > 255 || !Path.HasExtension(file) || Path.IsPathRooted(file) || file.Contains("..", StringComparison.Ordinal)
            || file.IndexOfAny(Path.GetInvalidPathChars()) >= 0)
        {
            return null;
        }

        return new[] { Path.Combine(Folder, "input", file), Path.Combine(Folder, file) }
            .FirstOrDefault(p => File.Exists(p) && new FileInfo(p).Length <= MaximumInputBytes);
    }
}
