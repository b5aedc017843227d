using System.Text.Json.Nodes;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Jobs;
using ComfyServe.Hosting.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Health;

/// <summary><c>GET /health</c> and <c>GET /queue-info</c>.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", GetAsync).WithName("health").WithSummary("Whether every engine is reachable and fit for work");
        routes.MapGet("/queue-info", (JobQueues queues, JobService jobs) => Json(Info(queues, jobs), StatusCodes.Status200OK))
            .WithName("queue_info").WithSummary("How many jobs wait in each stage");
    }

    private static async Task<IResult> GetAsync(JobQueues queues, EnginePool pool, CancellationToken cancellationToken)
    {
        var backends = await Task.WhenAll(pool.Engines.Select(e => ProbeAsync(e, cancellationToken)));
        var healthy = backends.Count(b => (bool)b["healthy"]!);
        var latch = pool.Engines.Select(e => e.Health.Latch).FirstOrDefault(l => l is not null);
        var all = healthy == backends.Length;
        var reason = backends.Where(static b => !(bool)b["healthy"]!).Select(static b => Reason(b)).FirstOrDefault();
        var body = new JsonObject
        {
            ["status"] = all ? "healthy" : "unhealthy",
            ["cache_type"] = "memory",
            ["queues"] = Queues(queues, ""),
            ["reason"] = reason,
            ["backends_healthy"] = $"{healthy}/{backends.Length}",
            ["gpu"] = new JsonObject { ["unrecoverable"] = latch is not null, ["reason"] = latch },
            ["backends"] = new JsonArray([.. backends]),
        };
        return Json(body, all ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<JsonObject> ProbeAsync(Engine engine, CancellationToken cancellationToken)
    {
        var report = new JsonObject { ["base"] = ShownUrl.Of(engine.BaseUrl), ["http_ok"] = false, ["websocket_ok"] = engine.Socket.IsConnected };
        try
        {
            report["system_stats"] = JsonNode.Parse((await engine.Client.StatsAsync(cancellationToken)).GetRawText());
            report["http_ok"] = true;
        }
        catch (EngineUnreachableException e)
        {
            report["http_error"] = e.Message;
        }

        if (!engine.Socket.IsConnected)
        {
            report["websocket_error"] = "not connected";
        }

        if (engine.WhyAway is { } away)
        {
            report["away"] = away;
        }

        var latch = engine.Health.Latch;
        report["gpu"] = new JsonObject { ["unrecoverable"] = latch is not null, ["reason"] = latch };
        report["healthy"] = (bool)report["http_ok"]! && engine.Socket.IsConnected && latch is null;
        return report;
    }

    /// <summary>The root cause, as far as it is known: what keeps the engine running knows best.</summary>
    private static string? Reason(JsonObject backend) =>
        (string?)backend["away"] ?? (string?)backend["gpu"]!["reason"] ?? (string?)backend["http_error"] ?? (string?)backend["websocket_error"];

    private static JsonObject Info(JobQueues queues, JobService jobs)
    {
        var info = Queues(queues, "_queue_size");
        info["oldest_unfinished_seconds"] = jobs.OldestUnfinished?.TotalSeconds;
        return info;
    }

    private static JsonObject Queues(JobQueues queues, string suffix)
    {
        var sizes = queues.Sizes();
        return new()
        {
            [$"preprocess{suffix}"] = sizes.Preprocess,
            [$"generation{suffix}"] = sizes.Generation,
            [$"postprocess{suffix}"] = sizes.Postprocess,
        };
    }

    private static IResult Json(JsonObject body, int status) => Results.Content(body.ToJsonString(), "application/json; charset=utf-8", statusCode: status);
}
