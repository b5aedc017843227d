using System.Collections.Concurrent;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Provisioning.Tests.Downloads;

/// <summary>Serves files on this machine, badly where told to.</summary>
internal sealed class FaultyFileServer : IAsyncDisposable
{
    private const int Block = 16 << 10;
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, ServedFile> _files = new();

    private FaultyFileServer(WebApplication application) => _application = application;

    /// <summary>Path, Range and Authorization of every request.</summary>
    public ConcurrentQueue<(string Path, string? Range, string? Authorization, string Host)> Requests { get; } = new();

    public Uri Root => new(_application.Urls.Single());

    public static async Task<FaultyFileServer> StartAsync(params ServedFile[] files)
    {
        var application = LoopbackServer.Build(static b => b.Services.Configure<HostOptions>(static o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(100)));
        var server = new FaultyFileServer(application);
        foreach (var file in files)
        {
            server.Add(file);
        }

        application.Run(server.AnswerAsync);
        await application.StartAsync();
        return server;
    }

    public void Add(ServedFile file) => _files[file.Name] = file;

    /// <summary>The URL of a file; <paramref name="host"/> is another name of this machine.</summary>
    public Uri Url(string name, string host = "127.0.0.1") => new UriBuilder(Root) { Host = host, Path = name }.Uri;

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimStart('/');
        Requests.Enqueue((path, context.Request.Headers.Range, context.Request.Headers.Authorization, context.Request.Host.Host));
        var parts = path.Split("/hop-");
        if (!_files.TryGetValue(parts[0], out var file))
        {
            context.Response.StatusCode = 404;
            return;
        }

        var hop = parts.Length > 1 ? int.Parse(parts[1]) : 0;
        if (hop < file.Redirects)
        {
            // Every second hop is under another name of the same machine.
            var host = hop % 2 == 0 ? "localhost" : "127.0.0.1";
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = new UriBuilder(Root) { Host = host, Path = $"{parts[0]}/hop-{hop + 1}" }.Uri.AbsoluteUri;
            return;
        }

        if (file.Refusals > 0)
        {
            file.Refusals--;
            context.Response.StatusCode = file.RefusalStatus;
            return;
        }

        await SendAsync(context, file);
    }

    private static async Task SendAsync(HttpContext context, ServedFile file)
    {
        var from = 0;
        var content = file.Content;
        var range = context.Request.GetTypedHeaders().Range?.Ranges.Single().From;
        var condition = context.Request.Headers.IfRange.ToString();
        if (file.Ranges && range is not null && (condition.Length == 0 || condition == file.EntityTag))
        {
            from = (int)range;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        context.Response.Headers.ETag = file.EntityTag;
        context.Response.Headers.ContentDisposition = file.Disposition;
        context.Response.ContentLength = file.Chunked ? null : content.Length - from;
        if (file.WrongAnswers > 0)
        {
            file.WrongAnswers--;
            content = [.. content];
            content[content.Length / 2] ^= 1;
        }

        context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
        for (var sent = from; sent < content.Length; sent += Block)
        {
            if (sent - from >= file.DropAfter && file.Drops > 0)
            {
                file.Drops--;
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }

            if (file.Stall is { } stall && range is null && sent >= content.Length / 2)
            {
                await context.Response.Body.FlushAsync();
                await stall.Task.WaitAsync(context.RequestAborted);
            }

            if (file.Throttle > TimeSpan.Zero)
            {
                await Task.Delay(file.Throttle, context.RequestAborted);
            }

            await context.Response.Body.WriteAsync(content.AsMemory(sent, Math.Min(Block, content.Length - sent)), context.RequestAborted);
        }
    }
}
