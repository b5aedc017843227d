using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Keys;
using ComfyServe.Api.Owners;
using ComfyServe.Api.Requests.Checks;
using ComfyServe.Api.Requests.Editor;
using ComfyServe.Api.Templates;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Json;
using ComfyServe.Hosting.Web;
using ComfyServe.Workflows;
using ComfyServe.Workflows.Formats;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Requests;

/// <summary>Reads requests and checks them: their form, their template, their object store, and their workflow against the engine's nodes.</summary>
internal sealed class RequestReader(ApiOptions options, CatalogueStore catalogues, TemplateStore templates, TargetCheck targets, TimeProvider time)
{
    private const int LongestKey = 255;
    private const long MostAtFirst = 16 << 10;

    private static readonly HashSet<string> OwnFields = new(StringComparer.Ordinal) { "request_id", "s3", "webhook", "return_outputs_as_base64", "output_url_lifetime", "budgets" };
    private static readonly object[] Modifications = ["body", "input", "modifications"];

    /// <summary>A catalogue of this age is trusted to know every file; a younger one is not asked for twice.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(5);

    /// <summary>Reads the request, or answers with every mistake.</summary>
    /// <param name="context">The call.</param>
    /// <param name="template">The template that the route stands for; its parameters then stand beside the usual fields.</param>
    public async Task<(JobRequest? Request, IResult? Refusal)> ReadAsync(HttpContext context, WorkflowTemplate? template = null)
    {
        var body = await ReadBodyAsync(context.Request, options.MaxBodyBytes);
        if (body is null)
        {
            return (null, Answers.Text("detail", $"Body is larger than {options.MaxBodyBytes} bytes", StatusCodes.Status413PayloadTooLarge));
        }

        var publicUrl = PublicUrl(context.Request, options);
        var problems = new List<ValidationProblem>();
        var files = OwnerFiles.Of(KeyGate.OwnerOf(context));
        var request = Read(body.Value, context.Request, template, publicUrl, problems);
        CheckHeaders(context.Request, problems);
        if (request is not null)
        {
            await targets.RunAsync(request, KeyGate.OwnerOf(context), problems, context.RequestAborted);
            CheckSeconds(request, problems);
            request = await ConvertAsync(request, files, problems, context.RequestAborted);
            request = FillTemplate(request, template is not null, problems);
            request = problems.Count == 0 && request.Images.ValueKind != JsonValueKind.Undefined ? SentImages.Place(request, await catalogues.GetAsync(context.RequestAborted)) : request;
            if (problems.Count == 0 && request.Defect is null)
            {
                request = await CheckAsync(request, files, problems, context.RequestAborted);
            }
        }

        if (request is not null)
        {
            GenerateApi.TellId(context, request.Id);
        }

        if (request is null || problems.Count > 0)
        {
            return (null, Answers.Invalid(problems, IdOf(body.Value)));
        }

        return (request with
        {
            Fingerprint = Convert.ToHexStringLower(SHA256.HashData(body.Value.Span)),
            Owner = KeyGate.OwnerOf(context),
            ReturnBase64 = request.ReturnBase64 || Flag.IsYes(context.Request.Headers["X-Return-Outputs-As-Base64"]),
        }, null);
    }

    private static JobRequest? Read(ReadOnlyMemory<byte> body, HttpRequest request, WorkflowTemplate? template, string publicUrl, List<ValidationProblem> problems)
    {
        try
        {
            var json = WorkflowText.Read(body);
            if (JsonUnicode.FirstFault(json.Span) is { } path)
            {
                problems.Add(new("string_unicode", ["body", .. path], JsonUnicode.Complaint));
                return null;
            }

            var isJson = request.HasJsonContentType() || string.IsNullOrEmpty(request.ContentType) || WorkflowText.IsPicture(body.Span);
            var read = PayloadReader.Read(template is null ? json : Restate(json, template.Name), isJson, publicUrl, out var found);
            problems.AddRange(found);
            if (read is not null && JsonUnicode.FirstFault(read.Workflow.Span) is { } inner)
            {
                problems.Add(new("string_unicode", ["body", "input", "workflow_json", .. inner], JsonUnicode.Complaint)); // in a workflow that came as a text
            }

            return read;
        }
        catch (WorkflowFormatException e)
        {
            problems.Add(new("model_attributes_type", ["body"], $"The body cannot be used: {e.Message}"));
            return null;
        }
    }

    private static string IdOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            return PayloadReader.IdOf(WorkflowText.Read(body));
        }
        catch (WorkflowFormatException)
        {
            return "";
        }
    }

    /// <summary>Scheme, host and port under which the caller reaches this service.</summary>
    internal static string PublicUrl(HttpRequest request, ApiOptions options) => options.PublicUrl ?? ForwardedUrl(request) ?? $"{request.Scheme}://{request.Host}";

    /// <summary>What a worker or proxy says that the caller called. It only shapes URLs that this caller is told.</summary>
    private static string? ForwardedUrl(HttpRequest request)
    {
        var (host, scheme) = (request.Headers["X-Forwarded-Host"].ToString(), request.Headers["X-Forwarded-Proto"].ToString());
        return host.Length is > 0 and <= 255 && Uri.TryCreate($"{(scheme is "http" or "https" ? scheme : request.Scheme)}://{host}", UriKind.Absolute, out var url)
            && url is { PathAndQuery: "/", UserInfo: "", Fragment: "" }
                ? url.GetLeftPart(UriPartial.Authority)
                : null;
    }

    private static void CheckHeaders(HttpRequest request, List<ValidationProblem> problems)
    {
        if (GenerateApi.KeyOf(request) is { Length: > LongestKey })
        {
            problems.Add(new("string_too_long", ["header", "Idempotency-Key"], $"String should have at most {LongestKey} characters"));
        }
    }

    /// <summary>What a caller may choose within the service's own limits.</summary>
    private void CheckSeconds(JobRequest request, List<ValidationProblem> problems)
    {
        Check(request.Budgets?.Queue, options.QueueTimeout, "QUEUE_TIMEOUT", "budgets", "queue");
        Check(request.Budgets?.Run, options.Times.Run, "RUN_TIMEOUT", "budgets", "run");
        Check(request.Budgets?.Upload, options.UploadTimeout, "UPLOAD_TIMEOUT", "budgets", "upload");
        Check((int?)request.UrlLifetime?.TotalSeconds, options.MaxUrlLifetime, "OUTPUT_URL_MAX_LIFETIME", "output_url_lifetime");

        void Check(int? asked, TimeSpan most, string setting, params ReadOnlySpan<string> location)
        {
            if (asked > most.TotalSeconds)
            {
                problems.Add(new("less_than_equal", ["body", "input", .. location.ToArray()], $"Input should be at most {most.TotalSeconds:0.###} seconds, this service's {setting}"));
            }
        }
    }

    /// <summary>A template's own route: what is not one of the usual fields is a parameter.</summary>
    private static ReadOnlyMemory<byte> Restate(ReadOnlyMemory<byte> body, string template)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("input", out var input) || input.ValueKind != JsonValueKind.Object)
            {
                return body; // The usual reader says what is wrong.
            }

            var buffer = new ArrayBufferWriter<byte>(body.Length + 128);
            using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                writer.WriteStartObject("input"u8);
                foreach (var field in input.EnumerateObject().Where(f => OwnFields.Contains(f.Name)))
                {
                    field.WriteTo(writer);
                }

                writer.WriteString("modifier"u8, template);
                writer.WriteStartObject("modifications"u8);
                foreach (var field in input.EnumerateObject().Where(f => !OwnFields.Contains(f.Name)))
                {
                    field.WriteTo(writer);
                }

                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            return buffer.WrittenMemory;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return body;
        }
    }

    /// <summary>A workflow in the editor's format becomes one in the engine's.</summary>
    private async Task<JobRequest> ConvertAsync(JobRequest request, OwnerFiles? files, List<ValidationProblem> problems, CancellationToken cancellationToken)
    {
        if (!request.IsEditorFormat)
        {
            return request;
        }

        if (await catalogues.GetAsync(cancellationToken) is not { } catalogue)
        {
            problems.Add(EditorConversion.WithoutEngine());
            return request;
        }

        using var workflow = JsonDocument.Parse(request.Workflow, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        var converted = EditorConversion.Convert(workflow.RootElement, catalogue.For(files), new KeyedRandom(request.RunKey, "choice"), time.GetLocalNow());
        problems.AddRange(converted.Problems);
        return request with { Workflow = converted.Json, IsEditorFormat = false, Choices = converted.Drawn, Warnings = [.. request.Warnings, .. converted.Notes] };
    }

    private JobRequest FillTemplate(JobRequest request, bool isOwnRoute, List<ValidationProblem> problems)
    {
        if (request.Template is not { } name)
        {
            return request;
        }

        if (templates.All.TryGetValue(name, out var template))
        {
            return request with { Workflow = template.Fill(request.Modifications, refusesUnknown: isOwnRoute, isOwnRoute ? Modifications[..2] : Modifications, problems), Modifications = default };
        }

        // The original accepts such a request and then fails it.
        var known = templates.All.Keys.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase));
        var message = known is null
            ? $"Unknown modifier: {name}; there are: {string.Join(", ", templates.All.Keys)}"
            : $"Modifier class '{name}' not found; there is '{known}'";
        return request with { Workflow = "{}"u8.ToArray(), Defect = new() { Code = JobErrorCode.TemplateUnknown, Message = message } };
    }

    /// <summary>Checks the workflow against the engine's nodes, and its names against the caller's folder.</summary>
    private async Task<JobRequest> CheckAsync(JobRequest request, OwnerFiles? files, List<ValidationProblem> problems, CancellationToken cancellationToken)
    {
        var catalogue = await catalogues.PeekAsync(TimeSpan.MaxValue, cancellationToken);
        if (files is not null && OwnedNamesReader.Read(request.Workflow, catalogue, files).Problems is { Count: > 0 } names)
        {
            problems.AddRange(names);
            return request;
        }

        if (!options.ChecksWorkflows || catalogue is null)
        {
            return request;
        }

        var check = WorkflowCheck.Run(request.Workflow, catalogue.For(files));
        if ((check.Problems.Count > 0 || check.Warnings.Count > 0) && await catalogues.PeekAsync(Glance, cancellationToken) is { } newer && !ReferenceEquals(newer, catalogue))
        {
            check = WorkflowCheck.Run(request.Workflow, newer.For(files)); // A model may have come since the engine was asked.
        }

        problems.AddRange(check.Problems);
        return request with { Workflow = check.Workflow, Warnings = [.. request.Warnings, .. check.Warnings] };
    }

    internal static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpRequest request, long limit)
    {
        if (request.ContentLength > limit)
        {
            return null;
        }

        // Whatever length a caller claims, memory grows with what it really sent.
        var buffer = new ArrayBufferWriter<byte>((int)Math.Min((request.ContentLength ?? MostAtFirst) + 1, MostAtFirst));
        while (true)
        {
            var read = await request.Body.ReadAsync(buffer.GetMemory(1), request.HttpContext.RequestAborted);
            if (read == 0)
            {
                ConnectionBound.Admit(request.HttpContext);
                return buffer.WrittenMemory;
            }

            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
            {
                return null;
            }
        }
    }
}
