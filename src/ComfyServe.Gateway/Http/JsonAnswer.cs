using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>An answer as JSON, with the warnings of its request.</summary>
internal sealed class JsonAnswer<T>(T value, JsonTypeInfo<T> type, int status) : IResult
{
    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => BodyWarnings.Any(httpContext) && JsonSerializer.SerializeToNode(value, type) is { } answer
        ? Results.Text(BodyWarnings.Add(httpContext, answer).ToJsonString(), "application/json; charset=utf-8", statusCode: status).ExecuteAsync(httpContext)
        : Results.Json(value, type, contentType: null, statusCode: status).ExecuteAsync(httpContext);
}
