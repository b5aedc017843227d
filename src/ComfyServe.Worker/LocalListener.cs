using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker;

/// <summary>Marks connections to the port on 127.0.0.1, which serves webhooks that end sessions and <c>/ping</c>, and nothing else.</summary>
internal sealed class LocalListener
{
    /// <summary>Connections to it at the same time.</summary>
    public const int MostConnections = 256;

    private const string OnlyRoute = "/session/end";
    private const string Health = "/ping";

    private static LocalListener Mark { get; } = new();

    /// <summary>Marks a connection.</summary>
    public static void Apply(Microsoft.AspNetCore.Connections.ConnectionContext connection) => connection.Features.Set(Mark);

    /// <summary>Refuses every other route on that port.</summary>
    public static Task KeepAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<LocalListener>() is null || context.Request.Path == OnlyRoute || context.Request.Path == Health)
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
