using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ComfyServe.Contracts.Api;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Requests;

/// <summary>The bodies that this service answers with.</summary>
internal static class Answers
{
    private static readonly ApiJsonContext Json = new(new JsonSerializerOptions(ApiJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>A result.</summary>
    public static IResult Result(GenerateResult result, int status) => new Bytes(JsonSerializer.SerializeToUtf8Bytes(result, Json.GenerateResult), status);

    /// <summary>A result's JSON.</summary>
    public static byte[] ToJson(GenerateResult result) => JsonSerializer.SerializeToUtf8Bytes(result, Json.GenerateResult);

    /// <summary>A result of a request that was not accepted.</summary>
    public static IResult Refused(string id, string message, int status, JobErrorCode? reason = null) => Result(
        new()
        {
            Id = id,
            Message = message,
            Status = JobStatus.Failed,
            Error = reason is { } code ? new() { Code = code, Message = message, Retryable = status == StatusCodes.Status503ServiceUnavailable } : null,
        },
        status);

    /// <summary>Every mistake of a request, status 422.</summary>
    /// <param name="problems">The mistakes, as FastAPI tells them.</param>
    /// <param name="id">Of a request for a job, which is told as a failed one too: callers that know results alone find its status.</param>
    public static IResult Invalid(IReadOnlyList<ValidationProblem> problems, string? id = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (id is not null)
            {
                WriteFailed(writer, id, problems);
            }

            writer.WriteStartArray("detail"u8);
            foreach (var problem in problems)
            {
                Write(writer, problem);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return new Bytes(buffer.WrittenSpan.ToArray(), StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>An object with one text.</summary>
    public static IResult Text(string name, string text, int status) => Object(status, (name, text));

    /// <summary>An object of texts.</summary>
    public static IResult Object(int status, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return new Bytes(buffer.WrittenSpan.ToArray(), status);
    }

    private static void WriteFailed(Utf8JsonWriter writer, string id, IReadOnlyList<ValidationProblem> problems)
    {
        const int Shown = 3;
        var told = string.Join("; ", problems.Take(Shown).Select(static p => $"{string.Join('.', p.Location)}: {p.Message}"));
        writer.WriteString("id"u8, id);
        writer.WriteString("message"u8, $"The request is refused: {told}{(problems.Count > Shown ? $"; and {problems.Count - Shown} more, see 'detail'" : "")}");
        writer.WriteString("status"u8, JobStatus.Failed);
        writer.WriteStartObject("comfyui_response"u8);
        writer.WriteEndObject();
        writer.WriteStartArray("output"u8);
        writer.WriteEndArray();
        writer.WriteStartObject("timings"u8);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ValidationProblem problem)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, problem.Type);
        writer.WriteStartArray("loc"u8);
        foreach (var part in problem.Location)
        {
            if (part is int index)
            {
                writer.WriteNumberValue(index);
            }
            else
            {
                writer.WriteStringValue((string)part);
            }
        }

        writer.WriteEndArray();
        writer.WriteString("msg"u8, problem.Message);
        if (problem.Context is { } context)
        {
            writer.WriteStartObject("ctx"u8);
            writer.WriteString("error"u8, context);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private sealed class Bytes(byte[] body, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = "application/json; charset=utf-8";
            httpContext.Response.ContentLength = body.Length;
            return httpContext.Response.Body.WriteAsync(body, 0, body.Length, httpContext.RequestAborted);
        }
    }
}
