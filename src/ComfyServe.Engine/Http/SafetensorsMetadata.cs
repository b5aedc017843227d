using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Http;

/// <summary>Reads what a checkpoint says about itself.</summary>
internal static class SafetensorsMetadata
{
    private const long LongestHeader = 1 << 20;

    /// <summary>The <c>__metadata__</c> of a file; null where it has none, or a header that is malformed or longer than 1 MiB.</summary>
    public static JsonNode? Read(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> prefix = stackalloc byte[8];
        if (file.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > LongestHeader)
        {
            return null;
        }

        var header = new byte[length];
        return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length
            && JsonBody.TryParse(header, out var json) && json is JsonObject map && map.TryGetPropertyValue("__metadata__", out var metadata)
            ? metadata?.DeepClone()
            : null;
    }
}
