using ComfyServe.Engine.Folders;
using ComfyServe.Hosting.Browsers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace ComfyServe.Engine.Http;

/// <summary><c>/view</c>: files of the output, input and temp folders, as they are or made smaller.</summary>
internal sealed class ViewApi(EngineFolders folders)
{
    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapBoth(HttpMethods.Get, "/view", ShowAsync);

    private async Task ShowAsync(HttpContext context)
    {
        var (status, path) = Find(context);
        if (path is null)
        {
            await Reply.EmptyAsync(context, status);
            return;
        }

        var name = Path.GetFileName(path);
        var channel = Routes.Query(context, "channel") ?? "";
        if (Routes.Query(context, "preview") is { } preview)
        {
            var (bytes, type) = ViewImages.Preview(await ReadAsync(path, context), name, preview, channel);
            await Reply.BytesAsync(context, bytes, ActiveContent.Protect(context, type, name));
        }
        else if (channel is "rgb" or "a")
        {
            var bytes = ViewImages.Channel(await ReadAsync(path, context), name, alphaOnly: channel == "a");
            await Reply.BytesAsync(context, bytes, ActiveContent.Protect(context, "image/png", name));
        }
        else
        {
            await SendFileAsync(context, path, ActiveContent.Protect(context, MediaTypes.Of(name), name));
        }
    }

    /// <summary>Sends a file, or the part of it that was asked for, or that it has not changed.</summary>
    public static Task SendFileAsync(HttpContext context, string path, string contentType)
    {
        var file = new FileInfo(path);
        return TypedResults.PhysicalFile(
            file.FullName, contentType, lastModified: new DateTimeOffset(file.LastWriteTimeUtc), entityTag: EntityTagHeaderValue.Parse(FileTimes.Tag(file)), enableRangeProcessing: true)
            .ExecuteAsync(context);
    }

    /// <summary>Where the file is, or the status that says why not.</summary>
    private (int Status, string? Path) Find(HttpContext context)
    {
        if (Routes.Query(context, "filename") is not { } name)
        {
            return (StatusCodes.Status404NotFound, null);
        }

        var type = DataFolders.CutType(ref name) ?? Routes.Query(context, "type") ?? "output";
        if (name.Length == 0 || name[0] == '/' || SafePath.GoesUp(name) || DataFolders.ByType(folders, type) is not { } root)
        {
            return (StatusCodes.Status400BadRequest, null);
        }

        if (DataFolders.AtOrBelow(root, Routes.Query(context, "subfolder") ?? "") is not { } folder)
        {
            return (StatusCodes.Status403Forbidden, null);
        }

        // A name as an upload answers it may have a folder; of any other only the last part counts.
        var path = DataFolders.AtOrBelow(folder, name) is { } whole && File.Exists(whole) ? whole : Path.Combine(folder, Path.GetFileName(name));
        return File.Exists(path) ? (StatusCodes.Status200OK, path) : (StatusCodes.Status404NotFound, null);
    }

    private static Task<byte[]> ReadAsync(string path, HttpContext context) => File.ReadAllBytesAsync(path, context.RequestAborted);
}
