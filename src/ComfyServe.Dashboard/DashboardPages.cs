using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace ComfyServe.Dashboard;

/// <summary>
/// The dashboard: a few static files that come with the program and call the gateway's own API with the key that is typed in.
/// The server keeps nothing about who looks.
/// </summary>
public static class DashboardPages
{
    /// <summary>Where the dashboard is.</summary>
    public const string Path = "/dashboard/";

    // Pictures come from wherever a workflow's outputs are stored; everything else comes from this gateway.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data: http: https:; "
        + "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>The names of the files.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal)];

    private static Assembly Assembly => typeof(DashboardPages).Assembly;

    /// <summary>Serves the dashboard at <see cref="Path"/>, and sends visitors of <c>/</c> there.</summary>
    public static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapGet("/", static () => Results.Redirect(Path));
        foreach (var name in Files)
        {
            var content = Read(name);
            var type = System.IO.Path.GetExtension(name) switch
            {
                ".html" => "text/html; charset=utf-8",
                ".css" => "text/css; charset=utf-8",
                ".svg" => "image/svg+xml",
                _ => "text/javascript; charset=utf-8",
            };
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"");
            IResult Serve(HttpContext context)
            {
                Protect(context.Response.Headers);
                return Results.Bytes(content, type, entityTag: tag);
            }

            app.MapGet(Path + name, Serve);
            if (name == "index.html")
            {
                app.MapGet(Path, Serve);
            }
        }

        return app;
    }

    private static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache"; // asked again each time, answered with 304 while it is the same
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
