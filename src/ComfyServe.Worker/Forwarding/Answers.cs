using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Forwarding;

/// <summary>Writes the worker's own answers.</summary>
internal static class Answers
{
    /// <summary>A JSON object.</summary>
    public static Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    /// <summary>An object with one text.</summary>
    public static Task WriteAsync(HttpContext context, int status, string name, string text) => WriteAsync(context, status, new JsonObject { [name] = text });
}
