namespace ComfyServe.Engine.Http;

/// <summary>Media types by the ending of a file's name.</summary>
internal static class MediaTypes
{
    /// <summary>Bytes without a known type.</summary>
    public const string Unknown = "application/octet-stream";

    private static readonly Dictionary<string, string> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".aac"] = "audio/x-aac",
        [".avi"] = "video/x-msvideo",
        [".avif"] = "image/avif",
        [".bmp"] = "image/bmp",
        [".css"] = "text/css",
        [".csv"] = "text/csv",
        [".exr"] = "image/x-exr",
        [".flac"] = "audio/flac",
        [".gif"] = "image/gif",
        [".glb"] = "model/gltf-binary",
        [".gltf"] = "model/gltf+json",
        [".heic"] = "image/heic",
        [".htm"] = "text/html",
        [".html"] = "text/html",
        [".ico"] = "image/vnd.microsoft.icon",
        [".jpe"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".jpg"] = "image/jpeg",
        [".js"] = "text/javascript",
        [".json"] = "application/json",
        [".m4a"] = "audio/mp4",
        [".md"] = "text/markdown",
        [".mjs"] = "text/javascript",
        [".mkv"] = "video/x-matroska",
        [".mov"] = "video/quicktime",
        [".mp3"] = "audio/mpeg",
        [".mp4"] = "video/mp4",
        [".mpeg"] = "video/mpeg",
        [".mpg"] = "video/mpeg",
        [".obj"] = "model/obj",
        [".ogg"] = "audio/ogg",
        [".opus"] = "audio/opus",
        [".pdf"] = "application/pdf",
        [".png"] = "image/png",
        [".stl"] = "model/stl",
        [".svg"] = "image/svg+xml",
        [".tif"] = "image/tiff",
        [".tiff"] = "image/tiff",
        [".txt"] = "text/plain",
        [".wasm"] = "application/wasm",
        [".wav"] = "audio/x-wav",
        [".webm"] = "video/webm",
        [".webp"] = "image/webp",
        [".xhtml"] = "application/xhtml+xml",
        [".xml"] = "application/xml",
        [".zip"] = "application/zip",
    };

    /// <summary>Types that a browser would run as a page of the engine's own origin.</summary>
    private static readonly HashSet<string> Active = ["text/html", "application/xhtml+xml", "text/javascript", "text/css"];

    /// <summary>The type of a file; <see cref="Unknown"/> for endings that are not known.</summary>
    public static string Of(string name) => ByEnding.GetValueOrDefault(Path.GetExtension(name), Unknown);

    /// <summary>The type of a file that a caller may have put there: never one that a browser runs.</summary>
    public static string OfUntrusted(string name) => Of(name) is var type && Active.Contains(type) ? Unknown : type;
}
