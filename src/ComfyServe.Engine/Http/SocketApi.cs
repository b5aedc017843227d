using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Engine;
using ComfyServe.Engine.Events;
using ComfyServe.Engine.Queue;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Engine.Http;

/// <summary><c>/ws</c>: what happens, as it happens.</summary>
internal sealed class SocketApi(SocketHub hub, PromptQueue queue, PromptRunner runner, SystemApi system, IHostApplicationLifetime lifetime)
{
    private readonly OutgoingFrame _features = SocketHub.Message(
        "feature_flags", JsonSerializer.SerializeToNode(system.Features, EngineJsonContext.Default.EngineFeatures)!.AsObject());

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapBoth(HttpMethods.Get, "/ws", ServeAsync);

    private async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Reply.TextAsync(context, StatusCodes.Status400BadRequest, "No WebSocket UPGRADE hdr: None\n Can \"Upgrade\" only to \"WebSocket\".");
            return;
        }

        var id = Routes.Query(context, "clientId") is { Length: > 0 } chosen ? chosen : Guid.NewGuid().ToString("N");
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var connection = new EngineSocket(socket, _features);

        // The greeting comes first, and no change of the queue gets lost between it and what follows.
        queue.Observe(remaining =>
        {
            connection.Send(SocketHub.Status(remaining, id));
            if (runner.Running.Current is { } place && place.ClientId == id)
            {
                connection.Send(SocketHub.Message("executing", new JsonObject { ["node"] = place.DisplayNodeId }));
            }

            hub.Add(id, connection);
        });
        try
        {
            await connection.RunAsync(lifetime.ApplicationStopping);
        }
        finally
        {
            hub.Remove(id, connection);
        }
    }
}
