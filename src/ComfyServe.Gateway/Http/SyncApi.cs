using System.Globalization;
using ComfyServe.Contracts.Api;
using ComfyServe.Gateway.Jobs;
using ComfyServe.Gateway.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>
/// <c>POST /api/v1/endpoints/{name}/generate/sync</c>: the whole request through the gateway, for clients that cannot follow a ticket. Waits for
/// a worker as long as the client does; a worker that is lost or fails costs another try on another one.
/// </summary>
internal sealed class SyncApi(WorkerCalls calls, LargeBodies bodies, CostRule costs, TimeProvider time)
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
        using var body = await bodies.ReadAsync(context);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (costs.Read(endpoint, EndpointFilter.CallerOf(context), cost, out var problem) is not { } load)
        {
            return Answers.Invalid(problem);
        }

        var (failed, why) = (0L, "");
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            await using var watch = new WorkerWatch(calls, endpoint, time, context.RequestAborted);
            var worker = 0L;
            try
            {
                using var answer = await calls.SendAsync(endpoint, "/generate/sync", body.Bytes, load, failed, ChooseAsync, static () => Task.CompletedTask, watch.Token);

                if (!AnswerVerdict.IsBehind((int)answer.StatusCode) || attempt == Tries)
                {
                    await RelayAsync(answer, worker, context, watch.Token);
                    return Results.Empty;
                }
            }
            catch (HttpRequestException error) when (!context.Response.HasStarted)
            {
                context.Response.Clear();
                why = error.Message;
            }
            catch (OperationCanceledException) when (watch.IsLost && !context.RequestAborted.IsCancellationRequested)
            {
                if (context.Response.HasStarted)
                {
                    context.Abort(); // half an answer must not look like a whole one
                    return Results.Empty;
                }

                context.Response.Clear();
                why = "it went silent";
            }
            catch (EndpointGoneException error)
            {
                return Answers.Failure(StatusCodes.Status404NotFound, "no_such_endpoint", error.Message);
            }

            failed = worker;

            Task ChooseAsync(WorkerRoute chosen, long idx)
            {
                worker = chosen.Id;
                watch.Asks(chosen.Id, idx);
                return Task.CompletedTask;
            }
        }

        return Answers.Failure(StatusCodes.Status502BadGateway, "worker_lost", $"{Tries} workers were lost with the request; the last: {why}");
    }

    private static async Task RelayAsync(HttpResponseMessage answer, long worker, HttpContext context, CancellationToken cancellationToken)
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

        await answer.Content.CopyToAsync(context.Response.Body, cancellationToken);
    }
}
