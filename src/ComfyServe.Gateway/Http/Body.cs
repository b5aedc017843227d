using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
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
        if (request.ContentLength > Largest)
        {
            return null;
        }

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.IsCompleted || read.Buffer.Length > Largest)
            {
                var value = read.Buffer.Length > Largest ? null : Parse(read.Buffer, type);
                reader.AdvanceTo(read.Buffer.End);
                return value;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>The body of a management call as <typeparamref name="T"/>; fields that it does not have are told in the answer. Null if it is no such JSON, or too large.</summary>
    public static async ValueTask<T?> ReadManagementAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        if (await BytesAsync(request, cancellationToken) is not { } bytes || Parse(new ReadOnlySequence<byte>(bytes), type) is not { } value)
        {
            return null;
        }

        BodyWarnings.Note(request.HttpContext, JsonNode.Parse(bytes), type);
        return value;
    }

    /// <summary>The body's bytes; null if it is too large.</summary>
    public static async ValueTask<byte[]?> BytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > Largest)
        {
            return null;
        }

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.IsCompleted || read.Buffer.Length > Largest)
            {
                var bytes = read.Buffer.Length > Largest ? null : read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static T? Parse<T>(ReadOnlySequence<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var json = new Utf8JsonReader(body);
            var value = JsonSerializer.Deserialize(ref json, type);
            return json.Read() ? null : value; // throws for anything but white space behind the value
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
