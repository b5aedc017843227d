using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.FileProviders;

namespace ComfyServe.Engine.Http;

/// <summary>The pages of a web front end, where a folder with one was given, and what it asks for when it starts.</summary>
internal static class FrontEnd
{
    private static readonly byte[] NoPages = Encoding.UTF8.GetBytes(
        "<!doctype html><html><head><title>ComfyServe engine</title></head><body><p>This engine speaks ComfyUI's protocol. "
        + "It has no web front end: give it a folder with one (<code>WebRoot</code>).</p></body></html>\n");

    /// <summary>Serves the folder's files.</summary>
    public static void UseFrontEnd(this IApplicationBuilder app, EngineOptions options)
    {
        if (options.WebRoot is { } root)
        {
            app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(Path.GetFullPath(root)) });
        }
    }

    /// <summary>Adds the routes.</summary>
    public static void MapFrontEnd(this IEndpointRouteBuilder routes, EngineOptions options)
    {
        routes.MapOne(HttpMethods.Get, "/", context => IndexAsync(context, options));
        routes.MapBoth(HttpMethods.Get, "/extensions", context => Reply.JsonAsync(context, Scripts(options)));
        routes.MapBoth(HttpMethods.Get, "/i18n", static context => Reply.JsonAsync(context, new JsonObject()));
        routes.MapBoth(HttpMethods.Get, "/workflow_templates", static context => Reply.JsonAsync(context, new JsonObject()));
    }

    private static Task IndexAsync(HttpContext context, EngineOptions options)
    {
        var headers = context.Response.Headers;
        (headers.CacheControl, headers.Pragma, headers.Expires) = ("no-cache", "no-cache", "0");
        var index = options.WebRoot is { } root ? Path.GetFullPath(Path.Combine(root, "index.html")) : null;
        return index is null || !File.Exists(index)
            ? Reply.BytesAsync(context, NoPages, "text/html")
            : ViewApi.SendFileAsync(context, index, "text/html");
    }

    private static JsonArray Scripts(EngineOptions options)
    {
        var folder = options.WebRoot is { } root ? Path.Combine(Path.GetFullPath(root), "extensions") : null;
        return folder is null || !Directory.Exists(folder)
            ? []
            : new JsonArray([.. Directory.EnumerateFiles(folder, "*.js", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(f => JsonValue.Create($"/extensions/{UserFolder.Relative(folder, f)}"))]);
    }
}
