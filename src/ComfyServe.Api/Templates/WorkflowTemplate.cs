using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Requests;
using ComfyServe.Workflows.Formats;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Api.Templates;

/// <summary>A workflow with declared parameters: data in a JSON file.</summary>
internal sealed class WorkflowTemplate
{
    private readonly JsonObject _workflow;

    private WorkflowTemplate(string name, string description, IReadOnlyList<TemplateParameter> parameters, JsonObject workflow)
    {
        Name = name;
        Description = description;
        Parameters = parameters;
        _workflow = workflow;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>For people.</summary>
    public string Description { get; }

    /// <summary>What can be set.</summary>
    public IReadOnlyList<TemplateParameter> Parameters { get; }

    /// <summary>Reads a template's file.</summary>
    /// <exception cref="FormatException">It is not one; the message says what is wrong.</exception>
    public static WorkflowTemplate Read(string fallbackName, ReadOnlyMemory<byte> file)
    {
        try
        {
            var root = JsonNode.Parse(TolerantJson.Normalize(file).Span) as JsonObject ?? throw new FormatException("the file is not a JSON object");
            var workflow = ReadWorkflow(root["workflow"]);
            var parameters = (root["parameters"] as JsonObject ?? []).Select(p => ReadParameter(p.Key, p.Value as JsonObject, workflow)).ToList();
            root.Remove("workflow");
            return new((string?)root["name"] ?? fallbackName, (string?)root["description"] ?? "", parameters, workflow);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>The workflow with the request's values in their places.</summary>
    /// <param name="modifications">The values; undefined for none.</param>
    /// <param name="refusesUnknown">Whether a value that no parameter has is a mistake.</param>
    /// <param name="location">Where the values stand in the request.</param>
    /// <param name="problems">Gets every mistake.</param>
    public byte[] Fill(JsonElement modifications, bool refusesUnknown, IReadOnlyList<object> location, List<ValidationProblem> problems)
    {
        var workflow = (JsonObject)_workflow.DeepClone();
        var given = modifications.ValueKind == JsonValueKind.Object ? modifications.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal) : [];
        foreach (var parameter in Parameters)
        {
            var value = parameter.Default;
            if (given.Remove(parameter.Name, out var asked))
            {
                (value, var problem) = parameter.Read(asked);
                if (problem is not null)
                {
                    problems.Add(new("template_parameter", [.. location, parameter.Name], problem));
                }
            }
            else if (value is null)
            {
                problems.Add(new("missing", [.. location, parameter.Name], "Field required"));
            }

            foreach (var (node, input) in parameter.Targets)
            {
                workflow[node]!["inputs"]![input] = value?.DeepClone();
            }
        }

        if (refusesUnknown)
        {
            problems.AddRange(given.Keys.Select(k => new ValidationProblem("extra_forbidden", [.. location, k], $"The template has no such parameter; it has: {string.Join(", ", Parameters.Select(p => p.Name))}")));
        }

        return Encoding.UTF8.GetBytes(workflow.ToJsonString());
    }

    private static JsonObject ReadWorkflow(JsonNode? given)
    {
        if (given is null || WorkflowEnvelope.Open(JsonElement.Parse(given.ToJsonString()), WorkflowFormat.Api) is not { } envelope)
        {
            return given as JsonObject ?? throw new FormatException("'workflow' is missing or not an object");
        }

        return envelope.Format == WorkflowFormat.Api
            ? JsonObject.Create(envelope.Workflow.Clone())!
            : throw new FormatException("'workflow' is in the editor's format, which only an engine's description of its nodes can convert: export it with 'Workflow > Export (API)', or send it to POST /workflow/convert");
    }

    private static TemplateParameter ReadParameter(string name, JsonObject? declared, JsonObject workflow)
    {
        if (declared is null)
        {
            throw new FormatException($"parameter '{name}' is not an object");
        }

        var type = (string?)declared["type"] ?? "string";
        if (type is not ("string" or "integer" or "number" or "boolean" or "file"))
        {
            throw new FormatException($"parameter '{name}' has the type '{type}'; there are string, integer, number, boolean and file");
        }

        var targets = (declared["targets"] as JsonArray ?? []).Select(t => ReadTarget(name, (string?)t, workflow)).ToList();
        if (targets.Count == 0)
        {
            throw new FormatException($"parameter '{name}' has no targets, for example \"3.seed\"");
        }

        return new()
        {
            Name = name,
            Type = type,
            Description = (string?)declared["description"] ?? "",
            Default = declared["random"] is JsonValue random && (bool)random ? JsonValue.Create(RandomNumbers.Placeholder) : declared["default"]?.DeepClone(),
            Min = (decimal?)declared["min"],
            Max = (decimal?)declared["max"],
            Choices = (declared["choices"] as JsonArray)?.Select(c => (string)c!).ToList(),
            Targets = targets,
        };
    }

    private static (string Node, string Input) ReadTarget(string name, string? target, JsonObject workflow)
    {
        var dot = target?.LastIndexOf('.') ?? -1;
        if (dot <= 0 || workflow[target![..dot]]?["inputs"] is not JsonObject)
        {
            throw new FormatException($"parameter '{name}' has the target '{target}'; it should be NODE.INPUT of a node that the workflow has");
        }

        return (target[..dot], target[(dot + 1)..]);
    }
}
