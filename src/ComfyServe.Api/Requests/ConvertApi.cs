using System.Buffers;
using System.Text;
using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Keys;
using ComfyServe.Api.Owners;
using ComfyServe.Api.Requests.Editor;
using ComfyServe.Hosting.Json;
using ComfyServe.Workflows;
using ComfyServe.Workflows.Formats;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Requests;

/// <summary>
/// <c>POST /workflow/convert</c>: a workflow as the editor saves it, in the engine's format. Path and bodies are those of the extension of this name, so what was
/// chosen or left out is told beside the workflow: in a header, or with <c>?notes=1</c> in a body of its own.
/// </summary>
internal static class ConvertApi
{
    /// <summary>Has the notes, as a list in JSON with everything but ASCII escaped.</summary>
    public const string NotesHeader = "X-Workflow-Notes";

    /// <summary>Proxies refuse headers that are longer than a few KiB.</summary>
    private const int LongestHeader = 2_000;

    public static void MapConvert(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/workflow/convert", ConvertAsync).WithName("convert").WithSummary("Turn a workflow of the editor into one that /generate runs");

    private static async Task<IResult> ConvertAsync(HttpContext context, CatalogueStore catalogues, ApiOptions options, TimeProvider time)
    {
        if (await RequestReader.ReadBodyAsync(context.Request, options.MaxBodyBytes) is not { } body)
        {
            return Answers.Text("detail", $"Body is larger than {options.MaxBodyBytes} bytes", StatusCodes.Status413PayloadTooLarge);
        }

        try
        {
            var json = WorkflowText.Read(body);
            if (JsonUnicode.FirstFault(json.Span) is { } path)
            {
                return Answers.Invalid([new("string_unicode", ["body", .. path], JsonUnicode.Complaint)]);
            }

            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
            if (WorkflowEnvelope.Open(document.RootElement, WorkflowFormat.Editor) is not { Format: WorkflowFormat.Editor } envelope)
            {
                return Answers.Invalid([new("workflow_format", ["body"], "This is no workflow in the editor's format: it should have 'nodes' and 'links'")]);
            }

            if (await catalogues.GetAsync(context.RequestAborted) is not { } catalogue)
            {
                return Answers.Text("detail", "No engine is connected that could say what the widgets are; retry when /health is well", StatusCodes.Status503ServiceUnavailable);
            }

            var converted = EditorConversion.Convert(envelope.Workflow, catalogue.For(OwnerFiles.Of(KeyGate.OwnerOf(context))), new KeyedRandom(Guid.NewGuid(), "choice"), time.GetLocalNow());
            return converted.Problems.Count > 0 ? Answers.Invalid(converted.Problems) : Answer(context, converted);
        }
        catch (WorkflowFormatException e)
        {
            return Answers.Invalid([new("workflow_format", ["body"], $"The body cannot be used: {e.Message}")]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Answers.Invalid([new("json_invalid", ["body"], "JSON decode error")]); // InvalidOperationException: no Unicode
        }
    }

    private static IResult Answer(HttpContext context, ConvertedWorkflow converted)
    {
        if (Flag.IsYes(context.Request.Query["notes"]))
        {
            return Results.Bytes(WithNotes(converted), "application/json; charset=utf-8");
        }

        if (converted.Notes.Count > 0)
        {
            context.Response.Headers[NotesHeader] = Header(converted.Notes);
        }

        return Results.Bytes(converted.Json, "application/json; charset=utf-8");
    }

    private static ReadOnlyMemory<byte> WithNotes(ConvertedWorkflow converted)
    {
        var buffer = new ArrayBufferWriter<byte>(converted.Json.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("workflow"u8);
            writer.WriteRawValue(converted.Json.Span, skipInputValidation: true);
            writer.WriteStartArray("notes"u8);
            foreach (var note in converted.Notes)
            {
                writer.WriteStringValue(note);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>As many notes as a header may hold; the usual encoder escapes all that is not ASCII.</summary>
    private static string Header(IReadOnlyList<string> notes)
    {
        var text = new StringBuilder("[");
        for (var i = 0; i < notes.Count; i++)
        {
            var note = $"\"{JsonEncodedText.Encode(notes[i])}\"";
            if (text.Length + note.Length > LongestHeader)
            {
                text.Append(i > 0 ? ", " : "").Append(System.Globalization.CultureInfo.InvariantCulture, $"\"and {notes.Count - i} more: ask with ?notes=1\"");
                break;
            }

            text.Append(i > 0 ? ", " : "").Append(note);
        }

        return text.Append(']').ToString();
    }
}
