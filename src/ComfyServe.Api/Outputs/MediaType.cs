using Microsoft.AspNetCore.StaticFiles;

namespace ComfyServe.Api.Outputs;

/// <summary>Finds media types: by the first bytes where they tell, by the name otherwise.</summary>
internal static class MediaType
{
    /// <summary>Bytes that are enough to tell.</summary>
    public const int Window = 64;

    private const string Unknown = "application/octet-stream";

    private static readonly FileExtensionContentTypeProvider ByName = CreateByName();

    private static readonly (byte[] Magic, int Offset, string Type)[] Signatures =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A], 0, "image/png"),
        ([0xFF, 0xD8, 0xFF], 0, "image/jpeg"),
        ([.. "GIF87a"u8], 0, "image/gif"),
        ([.. "GIF89a"u8], 0, "image/gif"),
        ([.. "WEBP"u8], 8, "image/webp"),
        ([.. "WAVE"u8], 8, "audio/wav"),
        ([.. "AVI "u8], 8, "video/x-msvideo"),
        ([.. "ftypavif"u8], 4, "image/avif"),
        ([.. "ftypheic"u8], 4, "image/heic"),
        ([.. "ftypM4A "u8], 4, "audio/mp4"),
        ([.. "ftypqt  "u8], 4, "video/quicktime"),
        ([.. "ftyp"u8], 4, "video/mp4"),
        ([0x1A, 0x45, 0xDF, 0xA3], 0, "video/webm"),
        ([.. "fLaC"u8], 0, "audio/flac"),
        ([.. "OggS"u8], 0, "audio/ogg"),
        ([.. "ID3"u8], 0, "audio/mpeg"),
        ([0xFF, 0xFB], 0, "audio/mpeg"),
        ([.. "glTF"u8], 0, "model/gltf-binary"),
        ([.. "%PDF-"u8], 0, "application/pdf"),
        ([0x50, 0x4B, 0x03, 0x04], 0, "application/zip"),
        ([0x76, 0x2F, 0x31, 0x01], 0, "image/x-exr"),
        ([.. "BM"u8], 0, "image/bmp"),
        ([.. "II*\0"u8], 0, "image/tiff"),
        ([.. "MM\0*"u8], 0, "image/tiff"),
    ];

    private static readonly Dictionary<string, string> Extensions = new(StringComparer.Ordinal)
    {
        ["image/png"] = ".png",
        ["image/jpeg"] = ".jpg",
        ["image/gif"] = ".gif",
        ["image/webp"] = ".webp",
        ["image/avif"] = ".avif",
        ["image/heic"] = ".heic",
        ["image/x-exr"] = ".exr",
        ["image/bmp"] = ".bmp",
        ["image/tiff"] = ".tiff",
        ["image/svg+xml"] = ".svg",
        ["audio/wav"] = ".wav",
        ["audio/mp4"] = ".m4a",
        ["audio/flac"] = ".flac",
        ["audio/ogg"] = ".ogg",
        ["audio/mpeg"] = ".mp3",
        ["video/x-msvideo"] = ".avi",
        ["video/quicktime"] = ".mov",
        ["video/mp4"] = ".mp4",
        ["video/webm"] = ".webm",
        ["model/gltf-binary"] = ".glb",
        ["application/pdf"] = ".pdf",
        ["application/zip"] = ".zip",
        ["application/json"] = ".json",
        ["text/plain"] = ".txt",
    };

    /// <summary>The type of a file.</summary>
    /// <param name="start">Its first bytes.</param>
    /// <param name="filename">Its name.</param>
    public static string Of(ReadOnlySpan<byte> start, string filename)
    {
        if (OfBytes(start) is { } type && !(type == "application/zip" && Path.GetExtension(filename).Length > 1 && OfName(filename) != Unknown))
        {
            return type;
        }

        return OfName(filename);
    }

    /// <summary>The type that the first bytes tell, or null.</summary>
    public static string? OfBytes(ReadOnlySpan<byte> start)
    {
        foreach (var (magic, offset, type) in Signatures)
        {
            if (start.Length >= offset + magic.Length && start[offset..].StartsWith(magic))
            {
                return type;
            }
        }

        return null;
    }

    /// <summary>The type that the name's extension stands for.</summary>
    public static string OfName(string filename) => ByName.TryGetContentType(filename, out var type) ? type : Unknown;

    /// <summary>The usual extension of a type, with its dot, or null.</summary>
    public static string? ExtensionOf(string type) => Extensions.GetValueOrDefault(type);

    private static FileExtensionContentTypeProvider CreateByName()
    {
        var provider = new FileExtensionContentTypeProvider();
        provider.Mappings[".safetensors"] = Unknown;
        provider.Mappings[".flac"] = "audio/flac";
        provider.Mappings[".ogg"] = "audio/ogg";
        provider.Mappings[".glb"] = "model/gltf-binary";
        provider.Mappings[".gltf"] = "model/gltf+json";
        provider.Mappings[".avif"] = "image/avif";
        provider.Mappings[".exr"] = "image/x-exr";
        return provider;
    }
}
