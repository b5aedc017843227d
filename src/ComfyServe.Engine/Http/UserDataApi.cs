using System.Text.Json.Nodes;
using ComfyServe.Contracts.Engine;
using ComfyServe.Hosting.Browsers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/userdata</c>: the files of the web front end, such as saved workflows.</summary>
internal sealed class UserDataApi(UserFolder user)
{
    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/userdata", ListAsync);
        routes.MapBoth(HttpMethods.Get, "/v2/userdata", BrowseAsync);
        routes.MapBoth(HttpMethods.Get, "/userdata/{file}", ReadAsync);
        routes.MapBoth(HttpMethods.Post, "/userdata/{file}", WriteAsync);
        routes.MapBoth(HttpMethods.Delete, "/userdata/{file}", DeleteAsync);
        routes.MapBoth(HttpMethods.Post, "/userdata/{file}/move/{dest}", MoveAsync);
    }

    private Task ListAsync(HttpContext context)
    {
        if (Routes.Query(context, "dir") is not { Length: > 0 } name)
        {
            return Reply.TextAsync(context, StatusCodes.Status400BadRequest, "Directory not provided");
        }

        if (user.Find(name) is not { } folder)
        {
            return Reply.TextAsync(context, StatusCodes.Status403Forbidden, "Invalid directory");
        }

        if (!Directory.Exists(folder))
        {
            return Reply.TextAsync(context, StatusCodes.Status404NotFound, "Directory not found");
        }

        var files = Files(folder, IsOn(context, "recurse"));
        if (IsOn(context, "full_info"))
        {
            return Reply.JsonAsync(context, [.. files.Select(f => Describe(folder, f))], EngineJsonContext.Default.IReadOnlyListUserFile);
        }

        var names = files.Select(f => UserFolder.Relative(folder, f));
        var shown = IsOn(context, "split")
            ? names.Select(JsonNode? (n) => new JsonArray([JsonValue.Create(n), .. n.Split('/').Select(p => JsonValue.Create(p))]))
            : names.Select(JsonNode? (n) => JsonValue.Create(n));
        return Reply.JsonAsync(context, new JsonArray([.. shown]));
    }

    private Task BrowseAsync(HttpContext context)
    {
        if (user.Find(Routes.Query(context, "path") ?? "") is not { } folder)
        {
            return Reply.TextAsync(context, StatusCodes.Status403Forbidden, "Invalid file path requested");
        }

        if (!Directory.Exists(folder))
        {
            return Reply.TextAsync(context, StatusCodes.Status404NotFound, "Requested path not found or not a directory");
        }

        var entries = new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(Entry)
            .OrderBy(e => e.Type == "directory" ? 0 : 1).ThenBy(e => e.Name, StringComparer.OrdinalIgnoreCase);
        return Reply.JsonAsync(context, [.. entries], EngineJsonContext.Default.IReadOnlyListUserEntry);
    }

    private Task ReadAsync(HttpContext context)
    {
        var (status, path) = Find(context, "userdata", mustExist: true);
        return path is null ? Reply.EmptyAsync(context, status) : ViewApi.SendFileAsync(context, path, ActiveContent.Protect(context, MediaTypes.Of(path), filename: null));
    }

    private async Task WriteAsync(HttpContext context)
    {
        var (status, path) = Find(context, "userdata", mustExist: false);
        if (path is null)
        {
            await Reply.EmptyAsync(context, status);
        }
        else if (File.Exists(path) && !MayOverwrite(context))
        {
            await Reply.TextAsync(context, StatusCodes.Status409Conflict, "File already exists");
        }
        else
        {
            await UserFolder.WriteAsync(path, file => context.Request.Body.CopyToAsync(file, context.RequestAborted));
            await ShowAsync(context, path);
        }
    }

    private async Task DeleteAsync(HttpContext context)
    {
        var (status, path) = Find(context, "userdata", mustExist: true);
        if (path is not null)
        {
            File.Delete(path);
            status = StatusCodes.Status204NoContent;
        }

        await Reply.EmptyAsync(context, status);
    }

    private async Task MoveAsync(HttpContext context)
    {
        var (status, source) = Find(context, "userdata", mustExist: true);
        var (targetStatus, target) = Find(context, "move", mustExist: false);
        if (source is null || target is null)
        {
            await Reply.EmptyAsync(context, source is null ? status : targetStatus);
        }
        else if (File.Exists(target) && !MayOverwrite(context))
        {
            await Reply.TextAsync(context, StatusCodes.Status409Conflict, "File already exists");
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(source, target, overwrite: true);
            await ShowAsync(context, target);
        }
    }

    /// <summary>The file that a segment of the path names, or the status that says why there is none.</summary>
    private (int Status, string? Path) Find(HttpContext context, string after, bool mustExist)
    {
        var name = UserFolder.Segment(context, after);
        if (name.Length == 0)
        {
            return (StatusCodes.Status400BadRequest, null);
        }

        if (user.Find(name) is not { } path || path == Path.TrimEndingDirectorySeparator(user.Root))
        {
            return (StatusCodes.Status403Forbidden, null);
        }

        return mustExist && !File.Exists(path) ? (StatusCodes.Status404NotFound, null) : (StatusCodes.Status200OK, path);
    }

    private Task ShowAsync(HttpContext context, string path) => IsOn(context, "full_info")
        ? Reply.JsonAsync(context, Describe(user.Root, path), EngineJsonContext.Default.UserFile)
        : Reply.JsonAsync(context, JsonValue.Create(UserFolder.Relative(user.Root, path)));

    /// <summary>Files of a folder by name; none that are hidden or below a hidden folder.</summary>
    private static IEnumerable<string> Files(string folder, bool recurse) =>
        Directory.EnumerateFiles(folder, "*", recurse ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly)
            .Where(f => !UserFolder.Relative(folder, f).Split('/').Any(part => part.StartsWith('.')))
            .Order(StringComparer.Ordinal);

    private static UserFile Describe(string root, string path)
    {
        var file = new FileInfo(path);
        return new UserFile(
            UserFolder.Relative(root, path), file.Length, FileTimes.Seconds(file.LastWriteTimeUtc), FileTimes.Seconds(file.CreationTimeUtc));
    }

    private UserEntry Entry(FileSystemInfo entry) => entry is FileInfo file
        ? new UserEntry(file.Name, UserFolder.Relative(user.Root, file.FullName), "file", file.Length, FileTimes.Seconds(file.LastWriteTimeUtc))
        : new UserEntry(entry.Name, UserFolder.Relative(user.Root, entry.FullName), "directory");

    private static bool IsOn(HttpContext context, string flag) => string.Equals(Routes.Query(context, flag), "true", StringComparison.OrdinalIgnoreCase);

    private static bool MayOverwrite(HttpContext context) => Routes.Query(context, "overwrite") != "false";
}
