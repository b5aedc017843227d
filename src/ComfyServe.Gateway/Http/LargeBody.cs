using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ComfyServe.Gateway.Http;

/// <summary>Reads a payload of a workflow: a JSON object of up to a bound.</summary>
internal static class LargeBody
{
    /// <summary>The bytes and the parsed object; the answer to give if it is none.</summary>
    public static async Task<(byte[] Bytes, JsonElement Json, IResult? Refusal)> ReadAsync(HttpContext context, long limit)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = limit;
        }

        try
        {
            using var buffer = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? 4096, limit));
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
            var bytes = buffer.ToArray();
            var json = JsonElement.Parse(bytes);
            return json.ValueKind == JsonValueKind.Object
                ? (bytes, json, null)
                : (bytes, json, Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", "The body must be a JSON object"));
        }
        catch (JsonException error)
        {
            return ([], default, Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", $"The body is not JSON: {error.Message}"));
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return ([], default, Answers.Failure(StatusCodes.Status413PayloadTooLarge, "too_large", $"The body is larger than {limit} bytes"));
        }
    }
}
