using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Engine;
using ComfyServe.Engine.Events;
using ComfyServe.Engine.Folders;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/internal</c>: what only the web front end asks, and only under this path.</summary>
internal sealed class InternalApi
{
    private readonly EngineFolders _folders;
    private readonly LogRing _log;
    private readonly SocketHub _hub;

    // Clients that watch the log. Any request thread writes.
    private readonly ConcurrentDictionary<string, bool> _watchers = new(StringComparer.Ordinal);

    /// <summary>Starts to pass log lines on.</summary>
    public InternalApi(EngineFolders folders, LogRing log, SocketHub hub)
    {
        (_folders, _log, _hub) = (folders, log, hub);
        log.Written = Show;
    }

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOne(HttpMethods.Get, "/internal/logs", context => Reply.JsonAsync(context, string.Concat(_log.Lines.Select(l => $"{l.Time} - {l.Message}"))));
        routes.MapOne(HttpMethods.Get, "/internal/logs/raw", context => Reply.JsonAsync(
            context, Message(_log.Lines, new JsonObject { ["cols"] = 80, ["rows"] = 24 })));
        routes.MapOne(HttpMethods.Patch, "/internal/logs/subscribe", WatchAsync);
        routes.MapOne(HttpMethods.Get, "/internal/folder_paths", context => Reply.JsonAsync(
            context, new JsonObject(_folders.ModelFolders.Select(f => KeyValuePair.Create<string, JsonNode?>(f.Name, Strings(f.Paths))))));
        routes.MapOne(HttpMethods.Get, "/internal/files/{type}", ListAsync);
    }

    private Task ListAsync(HttpContext context)
    {
        if (DataFolders.ByType(_folders, Routes.Segment(context, "type")) is not { } folder)
        {
            return Reply.JsonAsync(context, new JsonObject { ["error"] = "Invalid directory type" }, StatusCodes.Status400BadRequest);
        }

        // Files that are being written have no name of their own yet.
        var files = new DirectoryInfo(folder).EnumerateFiles().Where(f => !f.Name.StartsWith('.') || f.Extension != ".tmp").OrderByDescending(f => f.LastWriteTimeUtc);
        return Reply.JsonAsync(context, Strings(files.Select(f => f.Name)));
    }

    private async Task WatchAsync(HttpContext context)
    {
        if (await JsonBody.ReadObjectAsync(context) is not { } body || body["clientId"] is not JsonValue client)
        {
            await Reply.FailureAsync(context);
            return;
        }

        // Only who is connected can watch, so the list stays as short as that of the sockets.
        var id = client.ToString();
        if (JsonBody.IsTruthy(body["enabled"]) && _hub.Find(id) is not null)
        {
            _watchers[id] = true;
        }
        else
        {
            _ = _watchers.TryRemove(id, out _);
        }

        await Reply.EmptyAsync(context);
    }

    private void Show(LogLine line)
    {
        if (_watchers.IsEmpty)
        {
            return;
        }

        var frame = SocketHub.Message("logs", Message([line], size: null));
        foreach (var (id, _) in _watchers)
        {
            if (_hub.Find(id) is { } socket)
            {
                socket.Send(frame);
            }
            else
            {
                _ = _watchers.TryRemove(id, out _);
            }
        }
    }

    private static JsonObject Message(IReadOnlyList<LogLine> lines, JsonObject? size) => new()
    {
        ["entries"] = JsonSerializer.SerializeToNode(lines, EngineJsonContext.Default.IReadOnlyListLogLine),
        ["size"] = size,
    };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
