using System.Text.Json;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Routing;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>What workers call: the public key, reports, and news of ended requests. Their token is their only credential.</summary>
internal sealed class WorkerApi(
    GatewaySecrets secrets, EndpointDirectory directory, SeatTable seats, IGrainFactory grains, TicketWriter tickets, RoutingClock clock, TimeProvider time)
{
    private static readonly TimeSpan OwnerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/pubkey/", static (GatewaySecrets secrets) => Results.Text(secrets.PublicKey, "application/x-pem-file"));
        app.MapPost("/worker_status/", static (HttpContext context, WorkerApi api) => api.ReportAsync(context));
        app.MapPost("/delete_requests/", static (HttpContext context, WorkerApi api) => api.EndAsync(context));
    }

    private async Task<IResult> ReportAsync(HttpContext context)
    {
        var json = await Body.BytesAsync(context.Request, context.RequestAborted);
        if (Parse(json) is not { } status)
        {
            return Answers.Invalid("The body is not a worker's report");
        }

        if (!IsFinite(status))
        {
            return Answers.Invalid("A number of the report is beyond all measure");
        }

        if (await SeatAsync(context, status.Id, status.Mtoken) is not { } seat)
        {
            return Unknown(status.Id);
        }

        // Routing first: what the worker has is news for the next pick, whatever its endpoint's owner does.
        seat.Router.Report(
            new WorkerReport(
                status.Id, status.CurLoad ?? 0, status.WorkingRequestIdxs, status.Extension?.BootId, status.Extension?.Sequence ?? 0, status.Extension?.SessionRequestIdxs),
            clock.Now);
        var answer = new WorkerStatusAnswer { Success = true, Grants = true, Now = time.GetUtcNow().ToUnixTimeMilliseconds() };
        try
        {
            var verdict = await grains.GetGrain<IEndpointGrain>(seat.EndpointId)
                .ReportAsync(new WorkerStatusText(seats.Gateway, json!), seat.Router.Snapshot.Version)
                .WaitAsync(OwnerTimeout, time, context.RequestAborted);
            if (!verdict.Known)
            {
                directory.Forget(status.Id);
                return Unknown(status.Id);
            }

            if (verdict.Snapshot is { } snapshot)
            {
                tickets.Prepare(snapshot);
                seat.Router.Apply(snapshot, clock.Now);
            }

            answer = answer with { Command = verdict.Command };
        }
        catch (Exception error) when (error is TimeoutException or OrleansException)
        {
            // The owner is moving: the worker must send its numbers again.
            return Answers.Failure(StatusCodes.Status503ServiceUnavailable, "owner_moving", "The endpoint's owner is moving to another gateway; report again");
        }

        return Answers.Json(answer, ServerlessJson.Default.WorkerStatusAnswer);
    }

    private async Task<IResult> EndAsync(HttpContext context)
    {
        if (await Body.ReadAsync(context.Request, ServerlessJson.Default.DeleteRequests, context.RequestAborted) is not { } news)
        {
            return Answers.Invalid("The body is not a list of ended requests");
        }

        if (await SeatAsync(context, news.WorkerId, news.Mtoken) is not { } seat)
        {
            return Unknown(news.WorkerId);
        }

        foreach (var idx in news.RequestIdxs ?? [])
        {
            seat.End(
                new EndedWork { RequestIdx = idx, WorkerId = news.WorkerId, Kind = news.Success == true ? EndKind.Success : EndKind.Failed },
                seats.Gateway,
                clock.Now);
        }

        foreach (var ended in news.Requests ?? [])
        {
            seat.End(Work(news.WorkerId, ended), seats.Gateway, clock.Now);
        }

        return Answers.Done();
    }

    private static EndedWork Work(long workerId, EndedRequest ended) => new()
    {
        RequestIdx = ended.RequestIdx,
        WorkerId = workerId,
        Kind = ended.Status switch
        {
            EndedStatus.Cancelled => EndKind.Cancelled,
            EndedStatus.Rejected => EndKind.Rejected,
            _ => ended.Success ? EndKind.Success : EndKind.Failed,
        },
        Status = ended.HttpStatus is >= 100 and <= 599 ? ended.HttpStatus.Value : 0,
        JobId = Line(ended.JobId, 255),
        Reason = Line(ended.Reason, 200),
        StartedAt = ended.WorkStartedAt,
        CompletedAt = ended.WorkCompletedAt,
    };

    // One line of the endpoint's log, whatever a worker says.
    private static string? Line(string? text, int most) =>
        string.IsNullOrWhiteSpace(text) ? null : string.Concat((text.Length > most ? text[..most] : text).Select(static c => char.IsControl(c) ? ' ' : c));

    private static WorkerStatus? Parse(byte[]? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, ServerlessJson.Default.WorkerStatus);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // 1e999 reads as infinity: it would stay in every sum, and no list of workers could be written any more.
    private static bool IsFinite(WorkerStatus status) => double.IsFinite(
        (status.CurLoad ?? 0) + (status.NewLoad ?? 0) + (status.RejLoad ?? 0) + (status.CurPerf ?? 0) + (status.MaxPerf ?? 0) + (status.Loadtime ?? 0)
        + (status.AdditionalDiskUsage ?? 0) + (status.Extension?.MaxQueueTime ?? 0));

    private static IResult Unknown(long workerId) => Answers.Failure(
        StatusCodes.Status401Unauthorized, "auth_error", $"There is no worker '{workerId}' with this token; make a place for it with 'workers create'", workerId);

    private async ValueTask<EndpointSeat?> SeatAsync(HttpContext context, long workerId, string? token)
    {
        if (!secrets.IsWorkerToken(workerId, token) || await directory.EndpointOfAsync(workerId, context.RequestAborted) is not { } endpoint)
        {
            return null;
        }

        ConnectionBound.Admit(context);
        return seats.Seat(endpoint);
    }
}
