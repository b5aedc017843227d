using ComfyServe.Api.Jobs;
using ComfyServe.Contracts.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Requests;

/// <summary><c>GET /result/{request_id}</c> and <c>POST /cancel/{request_id}</c>.</summary>
internal static class ResultApi
{
    private const int LongestWait = 600;

    public static void MapResult(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/result/{request_id}", GetAsync)
            .Produces<GenerateResult>()
            .Produces<GenerateResult>(StatusCodes.Status404NotFound)
            .WithName("result").WithSummary("What is known about a request; '?wait=SECONDS' waits for its end");
        routes.MapPost("/cancel/{request_id}", CancelAsync)
            .WithName("cancel").WithSummary("Cancel a request in whatever stage it is");
    }

    private static async Task<IResult> GetAsync(string request_id, string? wait, HttpContext context, JobService jobs, ApiOptions options)
    {
        var patience = 0;
        if (wait is not null && (!int.TryParse(wait, out patience) || patience is < 0 or > LongestWait))
        {
            return Answers.Invalid([new("int_parsing", ["query", "wait"], $"Input should be a whole number of seconds, 0 to {LongestWait}")]);
        }

        if (await jobs.FindForAsync(request_id, context) is not { } job)
        {
            return Answers.Refused(request_id, "Request ID not found", StatusCodes.Status404NotFound);
        }

        if (patience > 0)
        {
            await job.FinishedWithinAsync(TimeSpan.FromSeconds(patience), context.RequestAborted);
        }

        var snapshot = job.Snapshot;
        var result = snapshot.ToResult(job.Id, GenerateApi.IncludesResponse(context.Request, options));
        return Answers.Result(result, snapshot.IsTerminal ? OutcomeStatus.Of(snapshot) : StatusCodes.Status200OK);
    }

    private static async Task<IResult> CancelAsync(string request_id, HttpContext context, JobService jobs)
    {
        if (await jobs.FindForAsync(request_id, context) is not { } job)
        {
            return Answers.Text("error", $"Request {request_id} not found", StatusCodes.Status404NotFound);
        }

        if (await job.CancelAsync(JobErrorCode.Cancelled, "Request cancelled by client"))
        {
            await job.FinishedWithinAsync(Timeout.InfiniteTimeSpan, context.RequestAborted);
            return Answers.Object(StatusCodes.Status200OK, ("message", $"Successfully cancelled request {request_id}"), ("status", JobStatus.Cancelled));
        }

        // The end may be decided and not on disk yet.
        await job.FinishedWithinAsync(TimeSpan.FromSeconds(10), context.RequestAborted);
        var status = job.Snapshot.Status;
        return Answers.Object(StatusCodes.Status200OK, ("message", $"Request {request_id} is already {status}"), ("status", status));
    }
}
