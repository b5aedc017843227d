using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Queue;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/queue</c>, <c>/interrupt</c> and <c>/free</c>: what waits and runs.</summary>
internal sealed class QueueApi(PromptQueue queue)
{
    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/queue", ListAsync);
        routes.MapBoth(HttpMethods.Post, "/queue", ChangeAsync);
        routes.MapBoth(HttpMethods.Post, "/interrupt", InterruptAsync);
        routes.MapBoth(HttpMethods.Post, "/free", FreeAsync);
    }

    private Task ListAsync(HttpContext context)
    {
        var snapshot = queue.Snapshot();
        var text = new StringBuilder("{\"queue_running\": [").Append(snapshot.Running?.Text).Append("], \"queue_pending\": [");
        text.AppendJoin(", ", snapshot.Pending.Select(i => i.Text));
        return Reply.JsonTextAsync(context, text.Append("]}").ToString());
    }

    private async Task ChangeAsync(HttpContext context)
    {
        if (await JsonBody.ReadObjectAsync(context) is not { } body)
        {
            await Reply.FailureAsync(context);
            return;
        }

        if (JsonBody.IsTruthy(body["clear"]))
        {
            queue.Clear();
        }

        foreach (var id in Ids(body["delete"]))
        {
            queue.Delete(id);
        }

        await Reply.EmptyAsync(context);
    }

    private async Task InterruptAsync(HttpContext context)
    {
        // Nothing, or nothing that is an object, stops whatever runs.
        var body = await JsonBody.ReadObjectAsync(context);
        if (JsonBody.IsTruthy(body?["prompt_id"]))
        {
            if (body!["prompt_id"]!.GetValueKind() == JsonValueKind.String)
            {
                queue.Interrupt(body["prompt_id"]!.GetValue<string>());
            }
        }
        else
        {
            queue.Interrupt();
        }

        await Reply.EmptyAsync(context);
    }

    private async Task FreeAsync(HttpContext context)
    {
        if (await JsonBody.ReadObjectAsync(context) is not { } body)
        {
            await Reply.FailureAsync(context);
            return;
        }

        // Models go together with the memory, unless the caller says otherwise.
        var freeMemory = JsonBody.IsTruthy(body["free_memory"]);
        queue.RequestFree(new FreeRequest(JsonBody.IsTruthy(body["unload_models"]) || freeMemory, freeMemory));
        await Reply.EmptyAsync(context);
    }

    /// <summary>The texts of a list; nothing for anything else.</summary>
    public static IEnumerable<string> Ids(JsonNode? list) =>
        (list as JsonArray ?? []).OfType<JsonValue>().Where(v => v.GetValueKind() == JsonValueKind.String).Select(v => v.GetValue<string>());
}
