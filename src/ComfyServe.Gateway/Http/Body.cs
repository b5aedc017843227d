using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>Reads small JSON bodies, whatever content type they claim.</summary>
internal static class Body
{
    /// <summary>The most that a management call or a report may send.</summary>
    public const int Largest = 1 << 20;

    /// <summary>The body as <typeparamref name="T"/>; null if it is no such JSON, or too large.</summary>
    public static async ValueTask<T?> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return request.ContentLength > Largest ? null : await JsonSerializer.DeserializeAsync(request.Body, type, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The body's bytes; null if it is too large.</summary>
    public static async ValueTask<byte[]?> BytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > Largest)
        {
            return null;
        }

        using var bytes = new MemoryStream((int)(request.ContentLength ?? 1024));
        await request.Body.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
