using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Http;

/// <summary>How long clients may keep replies, by the path's ending; a header that a handler set stays.</summary>
internal static class CacheRules
{
    private static readonly string[] Images = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];

    /// <summary>Runs the rest with the rules.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.Value is { } path && path.AsSpan(path.LastIndexOf('/') + 1).Contains('.'))
        {
            context.Response.OnStarting(ApplyAsync, context);
        }

        return next(context);
    }

    /// <summary>What <c>Cache-Control</c> says; null for nothing.</summary>
    public static string? For(string path, int status)
    {
        if (path.EndsWith(".js", StringComparison.Ordinal) || path.EndsWith(".css", StringComparison.Ordinal) || IsIndex(path))
        {
            return "no-cache";
        }

        if (!Images.Any(i => path.EndsWith(i, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        return status switch
        {
            StatusCodes.Status404NotFound => "public, max-age=3600",
            (>= 200 and <= 206) or 301 or 308 => "public, max-age=86400",
            302 or 303 or 307 => "no-cache",
            _ => null,
        };
    }

    private static bool IsIndex(string path) =>
        path.EndsWith(".json", StringComparison.Ordinal) && path.AsSpan(path.LastIndexOf('/') + 1).StartsWith("index", StringComparison.Ordinal);

    private static Task ApplyAsync(object state)
    {
        var context = (HttpContext)state;
        if (context.Response.Headers.CacheControl.Count == 0 && For(context.Request.Path.Value!, context.Response.StatusCode) is { } rule)
        {
            context.Response.Headers.CacheControl = rule;
        }

        return Task.CompletedTask;
    }
}
