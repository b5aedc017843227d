using ComfyServe.Hosting.Browsers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Outputs;

/// <summary><c>GET /files/{key}</c>: objects of the embedded store, for whoever has a signed URL that has not expired.</summary>
internal static class FilesApi
{
    public static void MapFiles(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/files/{**key}", ["GET", "HEAD"], Get).WithName("file").WithSummary("Fetch an output by its signed URL").ExcludeFromDescription();

    private static IResult Get(string key, long? expires, string? signature, HttpContext context, LocalObjectStore store, UrlSigner signer)
    {
        if (expires is null || signature is null || !signer.IsValid(key, expires.Value, signature))
        {
            return Requests.Answers.Text("detail", "The URL's signature is wrong or has expired", StatusCodes.Status403Forbidden);
        }

        if (store.Find(key) is not { } path)
        {
            // The signature is ours: there was such a file.
            return Requests.Answers.Text("detail", "The file is gone: clean-up deletes old outputs when the disk is nearly full", StatusCodes.Status410Gone);
        }

        var headers = context.Response.Headers;
        var type = ActiveContent.Protect(context, MediaType.OfName(path), filename: null);
        headers.ContentDisposition = default; // The framework writes it.
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'; media-src 'self'; img-src 'self'";
        headers.CacheControl = "private, max-age=3600";
        var shown = type.StartsWith("image/", StringComparison.Ordinal) || type.StartsWith("video/", StringComparison.Ordinal) || type.StartsWith("audio/", StringComparison.Ordinal);
        return Results.File(path, type, shown ? null : Path.GetFileName(path), new DateTimeOffset(File.GetLastWriteTimeUtc(path)), entityTag: null, enableRangeProcessing: true);
    }
}
