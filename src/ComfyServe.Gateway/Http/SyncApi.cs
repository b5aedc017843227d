using System.Globalization;
using ComfyServe.Gateway.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>
/// <c>POST /api/v1/endpoints/{name}/generate/sync</c>: the whole request through the gateway, for clients that cannot follow a ticket. Waits for
/// a worker as long as the client does; a worker that is lost or fails costs another try on another one.
/// </summary>
internal sealed class SyncApi(WorkerCalls calls, GatewayOptions options)
{
    private const int Tries = 3;
    private static readonly string[] Kept = ["Content-Type", "Content-Length", "Content-Encoding", "Retry-After"];

    /// <summary>Adds the call.</summary>
    public static void Map(IEndpointRouteBuilder app) => app
        .MapPost("/api/v1/endpoints/{name}/generate/sync", static (HttpContext context, double? cost, SyncApi api) => api.GenerateAsync(context, cost))
        .AddEndpointFilter<EndpointFilter>();

    private async Task<IResult> GenerateAsync(HttpContext context, double? cost)
    {
        var endpoint = EndpointFilter.Of(context);
        var (bytes, _, refusal) = await LargeBody.ReadAsync(context, options.MaxJobBytes);
        if (refusal is not null)
        {
            return refusal;
        }

        if (cost is <= 0 or > 1e9 or double.NaN)
        {
            return Answers.Invalid("'cost' wants load units above 0");
        }

        var worker = 0L;
        for (var attempt = 1; ; attempt++)
        {
            HttpResponseMessage answer;
            try
            {
                answer = await calls.SendAsync(
                    endpoint,
                    "/generate/sync",
                    bytes,
                    cost ?? 100,
                    worker,
                    (chosen, _) =>
                    {
                        worker = chosen.Id;
                        return Task.CompletedTask;
                    },
                    context.RequestAborted);
            }
            catch (HttpRequestException error)
            {
                if (attempt < Tries)
                {
                    continue;
                }

                return Answers.Failure(StatusCodes.Status502BadGateway, "worker_lost", $"{Tries} workers were lost with the request; the last: {error.Message}");
            }

            using (answer)
            {
                if ((int)answer.StatusCode is 502 or 503 or 504 && attempt < Tries)
                {
                    continue; // the worker is there, its engine is not
                }

                await RelayAsync(answer, worker, context);
                return Results.Empty;
            }
        }
    }

    private static async Task RelayAsync(HttpResponseMessage answer, long worker, HttpContext context)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.Headers["X-Worker"] = worker.ToString(CultureInfo.InvariantCulture);
        foreach (var name in Kept)
        {
            if (answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
