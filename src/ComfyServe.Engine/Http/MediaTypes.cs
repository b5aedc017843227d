using ComfyServe.Hosting.Browsers;

namespace ComfyServe.Engine.Http;

/// <summary>Media types by the ending of a file's name.</summary>
internal static class MediaTypes
{
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

    /// <summary>The type of a file; bytes without one for endings that are not known.</summary>
    public static string Of(string name) => ByEnding.GetValueOrDefault(Path.GetExtension(name), ActiveContent.Unknown);
}
