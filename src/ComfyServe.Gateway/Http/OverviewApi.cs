using System.Text.Json;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Gateway.Http;

/// <summary>The whole fleet in one answer: <c>/api/v1/overview</c>, and <c>/api/v1/overview/live</c>, which tells it again each second.</summary>
internal sealed class OverviewApi(Callers callers, EndpointDirectory directory, IGrainFactory grains, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OwnerTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/overview").AddEndpointFilter<AccountFilter>();
        group.MapGet("/", static async (HttpContext context, OverviewApi api) =>
            Answers.Json(await api.ReadAsync(context.RequestAborted), ServerlessJson.Default.FleetOverview));
        group.MapGet("/live", static (HttpContext context, OverviewApi api) => api.TellAsync(context));
    }

    // A line of JSON each second until the caller leaves, its key is revoked or the gateway stops.
    private async Task<IResult> TellAsync(HttpContext context)
    {
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.CacheControl = "no-store";
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                var line = JsonSerializer.SerializeToUtf8Bytes(await ReadAsync(end.Token), ServerlessJson.Default.FleetOverview);
                await context.Response.Body.WriteAsync((byte[])[.. line, (byte)'\n'], end.Token);
                await context.Response.Body.FlushAsync(end.Token);
            }
            while (await timer.WaitForNextTickAsync(end.Token) && callers.Find(context, null) is { IsAccount: true });
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Nobody listens any more.
        }

        return Results.Empty;
    }

    private async Task<FleetOverview> ReadAsync(CancellationToken cancellationToken)
    {
        var asked = directory.Endpoints.Select(e => (Row: e, Answer: grains.GetGrain<IEndpointGrain>(e.Id).OverviewAsync())).ToList();
        List<EndpointOverview> endpoints = [];
        foreach (var (row, answer) in asked)
        {
            try
            {
                var json = await answer.WaitAsync(OwnerTimeout, time, cancellationToken);
                endpoints.Add(JsonSerializer.Deserialize(json, ServerlessJson.Default.EndpointOverview)!);
            }
            catch (Exception error) when (error is TimeoutException or OrleansException)
            {
                // Its owner is moving: the next answer has it again.
                endpoints.Add(new EndpointOverview { Id = row.Id, EndpointName = row.Name, EndpointState = "moving" });
            }
        }

        return new FleetOverview(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0, endpoints);
    }
}
