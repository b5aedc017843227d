using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ComfyServe.Workflows.Json;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Http;

/// <summary>Writes replies in the form that ComfyUI's server gives them.</summary>
internal static class Reply
{
    private const string Json = "application/json; charset=utf-8";
    private const string Nothing = "application/octet-stream";
    private const string Plain = "text/plain; charset=utf-8";

    /// <summary>A JSON value.</summary>
    public static Task JsonAsync(HttpContext context, JsonNode? value, int status = StatusCodes.Status200OK) =>
        JsonTextAsync(context, PythonJson.Write(value), status);

    /// <summary>A JSON value of a wire type.</summary>
    public static Task JsonAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        JsonAsync(context, JsonSerializer.SerializeToNode(value, type));

    /// <summary>JSON that is written already.</summary>
    public static Task JsonTextAsync(HttpContext context, string text, int status = StatusCodes.Status200OK) =>
        BytesAsync(context, Encoding.UTF8.GetBytes(text), Json, status);

    /// <summary>JSON that is encoded already.</summary>
    public static Task JsonBytesAsync(HttpContext context, ReadOnlyMemory<byte> text) =>
        BytesAsync(context, text, Json, StatusCodes.Status200OK);

    /// <summary>No body: what most calls that change something answer, and most refusals.</summary>
    public static Task EmptyAsync(HttpContext context, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        if (status != StatusCodes.Status204NoContent)
        {
            context.Response.ContentLength = 0;
        }

        context.Response.ContentType = Nothing;
        return Task.CompletedTask;
    }

    /// <summary>A text.</summary>
    public static Task TextAsync(HttpContext context, int status, string text) =>
        BytesAsync(context, Encoding.UTF8.GetBytes(text), Plain, status);

    /// <summary>What a call is told that the server cannot make sense of.</summary>
    public static Task FailureAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        return TextAsync(context, StatusCodes.Status500InternalServerError, "500 Internal Server Error\n\nServer got itself in trouble");
    }

    /// <summary>Bytes of a type.</summary>
    public static Task BytesAsync(HttpContext context, ReadOnlyMemory<byte> bytes, string contentType, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
