using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Http;

/// <summary>The bodies of 404, 405, 413 and 500, and of calls that no route takes.</summary>
internal sealed partial class FailurePages(RequestDelegate next, EngineOptions options, ILogger<FailurePages> logger)
{
    /// <summary>Runs the rest and describes its failure.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge && !context.Response.HasStarted)
        {
            await TooLargeAsync(context);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status400BadRequest && !context.Response.HasStarted)
        {
            await Reply.TextAsync(context, StatusCodes.Status400BadRequest, e.Message);
        }
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            Log.Failed(logger, e, context.Request.Method, context.Request.Path);
            await Reply.FailureAsync(context);
        }
    }

    /// <summary>Answers a call that no route takes. Runs after routing.</summary>
    public static Task RefuseUnknownAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        var path = context.Request.Path.Value!;
        if (endpoint is null || (path.Length > 1 && path[^1] == '/'))
        {
            return Reply.TextAsync(context, StatusCodes.Status404NotFound, "404: Not Found");
        }

        return endpoint.Metadata.Count == 0 ? RefuseMethodAsync(context, next) : next(context);
    }

    /// <summary>The endpoint that routing made for a path with other methods: it sets the list of those.</summary>
    private static async Task RefuseMethodAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed && !context.Response.HasStarted)
        {
            var allowed = context.Response.Headers.Allow.ToString().Split(',', StringSplitOptions.TrimEntries);
            context.Response.Headers.Allow = string.Join(',', allowed.Order(StringComparer.Ordinal));
            await Reply.TextAsync(context, StatusCodes.Status405MethodNotAllowed, "405: Method Not Allowed");
        }
    }

    private Task TooLargeAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        var size = context.Request.ContentLength is { } length ? $"{length}" : $"more than {options.MaxUploadBytes}";
        return Reply.TextAsync(
            context, StatusCodes.Status413PayloadTooLarge, $"Maximum request body size {options.MaxUploadBytes} exceeded, actual body size {size}");
    }

    private static partial class Log
    {
        [LoggerMessage(6201, LogLevel.Error, "{Method} '{Path}' failed")]
        public static partial void Failed(ILogger logger, Exception exception, string method, PathString path);
    }
}
