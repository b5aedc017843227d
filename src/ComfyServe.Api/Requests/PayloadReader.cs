using System.Runtime.InteropServices;
using System.Text.Json;
using ComfyServe.Api.Jobs;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Json;
using ComfyServe.Jobs.Deliveries;
using ComfyServe.Workflows.Formats;

namespace ComfyServe.Api.Requests;

/// <summary>Reads and checks the body of <c>POST /generate…</c>. Reports every mistake at once, in FastAPI's shape, and echoes nothing.</summary>
internal sealed partial class PayloadReader
{
    private static readonly object[] BodyLocation = ["body"];
    private static readonly object[] InputLocation = ["body", "input"];

    /// <summary>A year: whatever a service allows is less.</summary>
    private const int LongestSeconds = 31_536_000;

    /// <summary>Seconds that a receiver may take: longer ones would hold what all share.</summary>
    private static readonly int LongestDelivery = (int)DeliveryTarget.LongestTimeout.TotalSeconds;

    private readonly List<ValidationProblem> _problems = [];

    private PayloadReader()
    {
    }

    /// <summary>Reads <paramref name="body"/>.</summary>
    /// <param name="body">The request's body; the returned request refers to it.</param>
    /// <param name="isJson">Whether the caller said that it is JSON.</param>
    /// <param name="publicUrl">Scheme and host that the caller used.</param>
    /// <param name="problems">Every mistake; empty when the request is returned.</param>
    public static JobRequest? Read(ReadOnlyMemory<byte> body, bool isJson, string publicUrl, out IReadOnlyList<ValidationProblem> problems)
    {
        var reader = new PayloadReader();
        var request = reader.Read(body, isJson, publicUrl);
        problems = reader._problems;
        return reader._problems.Count == 0 ? request : null;
    }

    /// <summary>The id that a body names, or a blank one where none can be read.</summary>
    public static string IdOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.Object
                && input.TryGetProperty("request_id", out var id) && id.ValueKind == JsonValueKind.String && id.GetString() is { } text && RequestId.IsValid(text)
                    ? text
                    : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return ""; // InvalidOperationException: no Unicode
        }
    }

    private JobRequest? Read(ReadOnlyMemory<byte> body, bool isJson, string publicUrl)
    {
        if (body.IsEmpty)
        {
            Add("missing", BodyLocation, "Field required");
            return null;
        }

        if (!isJson)
        {
            Add("model_attributes_type", BodyLocation, "Input should be a valid dictionary or object to extract fields from");
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
            return ReadRoot(document.RootElement, publicUrl);
        }
        catch (JsonException e)
        {
            _problems.Add(new("json_invalid", ["body", PositionOf(body.Span, e)], "JSON decode error") { Context = Complaint(e) });
            return null;
        }
        catch (InvalidOperationException)
        {
            // A name within the body is no Unicode: bytes that are not UTF-8, or half a surrogate pair.
            Add("string_unicode", BodyLocation, "Input should be valid Unicode, unable to parse raw data as a unicode string");
            return null;
        }
    }

    private JobRequest? ReadRoot(JsonElement root, string publicUrl)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            if (WorkflowEnvelope.Open(root) is { } text)
            {
                return ReadInput(root, GenerateResult.EmptyObject, publicUrl, text, "the body itself");
            }

            Add("model_attributes_type", BodyLocation, "Input should be a valid dictionary or object to extract fields from");
            return null;
        }

        if (!root.TryGetProperty("input", out var input))
        {
            if (WorkflowEnvelope.Open(root) is not { } envelope)
            {
                Add("missing", InputLocation, "Field required");
                return null;
            }

            // A workflow without this service's envelope; beside one in another's there may be fields that are known here.
            return ReadInput(root, envelope.Path.Length == 0 ? GenerateResult.EmptyObject : root, publicUrl, envelope, envelope.Path.Length == 0 ? "the body itself" : $"'{envelope.Path}'");
        }

        if (input.ValueKind != JsonValueKind.Object)
        {
            Add("model_attributes_type", InputLocation, "Input should be a valid dictionary or object to extract fields from");
            return null;
        }

        // Fields of other services are looked at only where there is nothing of ours.
        var found = IsAbsent(input, "workflow_json") && IsAbsent(input, "modifier") ? WorkflowEnvelope.Open(input) : null;
        return ReadInput(root, input, publicUrl, found, found is null ? "" : $"'input{(found.Path.Length == 0 ? "" : ".")}{found.Path}'");
    }

    /// <summary>Reads the fields.</summary>
    /// <param name="root">The whole body.</param>
    /// <param name="input">The object that has them.</param>
    /// <param name="publicUrl">Scheme and host that the caller used.</param>
    /// <param name="foreign">The workflow, where it does not stand under its own name.</param>
    /// <param name="place">Where that was.</param>
    private JobRequest ReadInput(JsonElement root, JsonElement input, string publicUrl, WorkflowEnvelope? foreign, string place)
    {
        var id = Text(input, "request_id", InputLocation);
        if (id.Length > 0 && !RequestId.IsValid(id))
        {
            Add("string_pattern_mismatch", [.. InputLocation, "request_id"], "String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' and not contain '..'");
        }

        var envelope = foreign ?? Envelope(input);
        var workflow = envelope?.Workflow ?? Dictionary(input, "workflow_json");
        var modifier = Text(input, "modifier", InputLocation);
        var modifications = Dictionary(input, "modifications");
        CheckSource(input, workflow, modifier, modifications);
        var editors = workflow is { } saved && WorkflowFormats.Of(saved) == WorkflowFormat.Editor;
        if (workflow is { } graph && !editors)
        {
            WorkflowShape.Check(graph, _problems);
        }

        return new()
        {
            Id = id.Length > 0 ? id : Guid.NewGuid().ToString(),
            IsEditorFormat = editors,
            Images = Images(input, envelope),
            Warnings = foreign is null ? Unknown(root, input) : [$"the workflow was taken from {place}; its place is 'input.workflow_json'"],
            Workflow = workflow is { } found ? JsonMarshal.GetRawUtf8Value(found).ToArray() : default,
            Template = modifier.Length > 0 ? modifier : null,
            Modifications = modifications?.Clone() ?? default,
            ReturnBase64 = Boolean(input, "return_outputs_as_base64"),
            S3 = ReadS3(input),
            Webhook = ReadWebhook(input),
            Budgets = ReadBudgets(input),
            UrlLifetime = Seconds(input, "output_url_lifetime", InputLocation) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            PublicUrl = publicUrl,
        };
    }

    /// <summary>What is in <c>workflow_json</c> where that is an envelope or a text itself; null where it is a workflow, or nothing that holds one.</summary>
    private static WorkflowEnvelope? Envelope(JsonElement input) =>
        input.TryGetProperty("workflow_json", out var given) && WorkflowFormats.Of(given) == WorkflowFormat.None ? WorkflowEnvelope.Open(given) : null;

    /// <summary>Pictures beside the workflow, as RunPod's worker takes them.</summary>
    private static JsonElement Images(JsonElement input, WorkflowEnvelope? envelope)
    {
        var found = envelope is { Images.ValueKind: JsonValueKind.Array } ? envelope.Images : input.TryGetProperty("images", out var beside) ? beside : default;
        return found.ValueKind == JsonValueKind.Array && found.GetArrayLength() > 0 ? found.Clone() : default;
    }

    /// <summary>What means nothing in a body of our own form; other services' have fields of their own.</summary>
    private static IReadOnlyList<string> Unknown(JsonElement root, JsonElement input)
    {
        var json = ApiJsonContext.Default;
        return
        [
            .. UnknownFields.Of(Names(root), json.GenerateRequest),
            .. UnknownFields.Of(Names(input), json.GenerateInput, "input.", quiet: ["images"]),
            .. input.TryGetProperty("s3", out var s3) ? UnknownFields.Of(Names(s3), json.S3Target, "input.s3.") : [],
            .. input.TryGetProperty("webhook", out var webhook) ? UnknownFields.Of(Names(webhook), json.WebhookTarget, "input.webhook.") : [],
            .. input.TryGetProperty("budgets", out var budgets) ? UnknownFields.Of(Names(budgets), json.JobBudgets, "input.budgets.") : [],
        ];
    }

    private static IEnumerable<string> Names(JsonElement json) => json.ValueKind == JsonValueKind.Object ? json.EnumerateObject().Select(static p => p.Name) : [];

    private static bool IsAbsent(JsonElement input, string name) => !input.TryGetProperty(name, out var value) || value.ValueKind switch
    {
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        JsonValueKind.String => value.GetRawText().Length == 2,
        JsonValueKind.Null => true,
        _ => false,
    };

    private void CheckSource(JsonElement input, JsonElement? workflow, string modifier, JsonElement? modifications)
    {
        if (workflow is not null && modifier.Length > 0)
        {
            AddCross("Cannot provide both workflow_json and modifier - they are mutually exclusive");
        }
        else if (workflow is null && modifier.Length == 0)
        {
            // A field of the wrong type is already reported; that it is also missing would only confuse.
            if (!_problems.Exists(p => p.Location.Count > 2 && p.Location[2] is "workflow_json" or "modifier"))
            {
                AddCross(modifications is null ? $"Must provide either workflow_json OR modifier{Hint(input)}" : "modifications can only be provided when modifier is specified");
            }
        }
        else if (modifications is not null && modifier.Length == 0)
        {
            AddCross("modifications can only be provided when modifier is specified");
        }
    }

    /// <summary>Other services have other names; what stands under one of them is no workflow either.</summary>
    private static string Hint(JsonElement input)
    {
        foreach (var name in (ReadOnlySpan<string>)["workflow", "prompt", "workflow_api"])
        {
            if (input.TryGetProperty(name, out var given))
            {
                return $"; '{name}' holds none. {WorkflowEnvelope.Explain(given)}";
            }
        }

        return "";
    }

    private S3Target? ReadS3(JsonElement input)
    {
        if (Section(input, "s3") is not { } s3)
        {
            return null;
        }

        object[] location = [.. InputLocation, "s3"];
        return new()
        {
            AccessKeyId = Text(s3, "access_key_id", location),
            SecretAccessKey = Text(s3, "secret_access_key", location),
            EndpointUrl = Text(s3, "endpoint_url", location),
            BucketName = Text(s3, "bucket_name", location),
            Region = Text(s3, "region", location),
            ConnectTimeout = Integer(s3, "connect_timeout", location, 60),
            ConnectAttempts = Integer(s3, "connect_attempts", location, 3),
        };
    }

    private WebhookTarget? ReadWebhook(JsonElement input)
    {
        if (Section(input, "webhook") is not { } webhook)
        {
            return null;
        }

        object[] location = [.. InputLocation, "webhook"];
        JsonElement? extra = null;
        if (webhook.TryGetProperty("extra_params", out var value))
        {
            if (value.ValueKind == JsonValueKind.Object)
            {
                extra = value.Clone();
            }
            else
            {
                Add("dict_type", [.. location, "extra_params"], "Input should be a valid dictionary");
            }
        }

        return new()
        {
            Url = Text(webhook, "url", location),
            Secret = Text(webhook, "secret", location),
            Timeout = Integer(webhook, "timeout", location, 30, LongestDelivery),
            ExtraParams = extra,
            Events = ReadEvents(webhook, location),
        };
    }

    private List<string>? ReadEvents(JsonElement webhook, object[] location)
    {
        if (!webhook.TryGetProperty("events", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var events = new List<string>();
        if (value.ValueKind != JsonValueKind.Array)
        {
            Add("list_type", [.. location, "events"], "Input should be a valid list");
            return events;
        }

        var index = 0;
        foreach (var word in value.EnumerateArray())
        {
            if (WebhookEvents.All.FirstOrDefault(e => word.ValueKind == JsonValueKind.String && word.ValueEquals(e)) is { } known)
            {
                events.Add(known);
            }
            else
            {
                Add("enum", [.. location, "events", index], "Input should be 'start', 'progress' or 'completed'");
            }

            index++;
        }

        return events;
    }

    private JobBudgets? ReadBudgets(JsonElement input)
    {
        if (Section(input, "budgets") is not { } budgets)
        {
            return null;
        }

        object[] location = [.. InputLocation, "budgets"];
        return new() { Queue = Seconds(budgets, "queue", location), Run = Seconds(budgets, "run", location), Upload = Seconds(budgets, "upload", location) };
    }

    private static int PositionOf(ReadOnlySpan<byte> body, JsonException e)
    {
        var line = e.LineNumber ?? 0;
        var position = 0;
        while (line-- > 0)
        {
            var next = body[position..].IndexOf((byte)'\n');
            if (next < 0)
            {
                break;
            }

            position += next + 1;
        }

        return position + (int)(e.BytePositionInLine ?? 0);
    }

    /// <summary>The parser's words without its position; they quote at most one character of the body.</summary>
    private static string Complaint(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? "Expecting value" : e.Message[..end];
    }

    private void Add(string type, IReadOnlyList<object> location, string message) => _problems.Add(new(type, location, message));

    private void AddCross(string message) => _problems.Add(new("value_error", InputLocation, $"Value error, {message}"));
}
