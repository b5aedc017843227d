using System.Buffers;
using System.Text.Json;
using ComfyServe.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ComfyServe.Gateway.Http;

/// <summary>
/// Reads payloads of workflows: JSON objects, each up to a bound and all together up to another. A request may wait for a worker
/// for long, and its payload with it: many large ones must not take the gateway down.
/// </summary>
internal sealed class LargeBodies(GatewayOptions options, BodyBudget budget)
{
    private const int Step = 64 << 10;

    /// <summary>Reads one.</summary>
    public async Task<LargeBody> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = options.MaxJobBytes;
        }

        var taken = 0L;
        var read = new LargeBody(Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", "The body must be a JSON object"));
        var buffer = ArrayPool<byte>.Shared.Rent(Step);
        try
        {
            // Whatever length a caller claims, memory grows with what it really sent.
            using var bytes = new MemoryStream();
            for (int count; (count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0; taken += count)
            {
                if (!budget.TryTake(count))
                {
                    context.Response.Headers.RetryAfter = "5";
                    return new LargeBody(Answers.Failure(
                        StatusCodes.Status503ServiceUnavailable, "busy", $"The requests that are here take all of {options.MaxBodiesBytes} bytes; send this one again in a few seconds"));
                }

                await bytes.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
            }

            var whole = bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
            if (IsObject(whole.Span))
            {
                (read, taken) = (new LargeBody(whole, budget, taken), 0);
            }
        }
        catch (JsonException error)
        {
            read = new LargeBody(Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", $"The body is not JSON: {error.Message}"));
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            read = new LargeBody(Answers.Failure(StatusCodes.Status413PayloadTooLarge, "too_large", $"The body is larger than {options.MaxJobBytes} bytes"));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            budget.Return(taken);
        }

        return read;
    }

    // Throws for what is no JSON. Keeps nothing of what it reads: most requests pass through as they are.
    private static bool IsObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        while (reader.Read())
        {
            // To the end: a mistake may be anywhere.
        }

        return isObject;
    }
}
