using ComfyServe.Api.Jobs;
using ComfyServe.Api.Outputs;
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
            .WithName("result").WithSummary("What is known about a request; '?wait=SECONDS' waits for its end, '?url_lifetime=SECONDS' signs the outputs' URLs afresh");
        routes.MapPost("/cancel/{request_id}", CancelAsync)
            .WithName("cancel").WithSummary("Cancel a request in whatever stage it is");
    }

    private static async Task<IResult> GetAsync(string request_id, string? wait, string? url_lifetime, HttpContext context, JobService jobs, OutputUrls urls, ApiOptions options)
    {
        if (Problem("wait", wait, 0, LongestWait, out var patience) is { } badWait)
        {
            return badWait;
        }

        if (Problem("url_lifetime", url_lifetime, 1, (int)options.MaxUrlLifetime.TotalSeconds, out var lifetime) is { } badLifetime)
        {
            return badLifetime;
        }

        if (await jobs.FindForAsync(request_id, context) is not { } job)
        {
            return Answers.Refused(request_id, "Request ID not found", StatusCodes.Status404NotFound);
        }

        if (patience > 0)
        {
            await job.FinishedWithinAsync(TimeSpan.FromSeconds(patience), context.RequestAborted);
        }

        var snapshot = lifetime > 0
            ? await urls.RenewAsync(job, RequestReader.PublicUrl(context.Request, options), TimeSpan.FromSeconds(lifetime), context.RequestAborted)
            : job.Snapshot;
        var result = snapshot.ToResult(job.Id, GenerateApi.IncludesResponse(context.Request, options));
        return Answers.Result(result, snapshot.IsTerminal ? OutcomeStatus.Of(snapshot) : StatusCodes.Status200OK);
    }

    private static IResult? Problem(string name, string? text, int least, int most, out int number)
    {
        number = 0;
        return text is null || (int.TryParse(text, out number) && number >= least && number <= most)
            ? null
            : Answers.Invalid([new("int_parsing", ["query", name], $"Input should be a whole number of seconds, {least} to {most}")]);
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
