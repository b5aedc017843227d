using ComfyServe.Api.Jobs;
using ComfyServe.Api.Keys;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Api.Requests;

/// <summary><c>POST /generate</c> and <c>POST /generate/sync</c>.</summary>
internal static class GenerateApi
{
    public static void MapGenerate(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/generate", SubmitAsync)
            .TakesPayload()
            .Produces<GenerateResult>(StatusCodes.Status202Accepted)
            .Produces<GenerateResult>(StatusCodes.Status503ServiceUnavailable)
            .WithName("generate").WithSummary("Accept a workflow and answer at once; ask /result/{request_id} for the outcome");
        routes.MapPost("/generate/sync", RunAsync)
            .TakesPayload()
            .Produces<GenerateResult>()
            .Produces<GenerateResult>(StatusCodes.Status503ServiceUnavailable)
            .WithName("generate_sync").WithSummary("Run a workflow and answer with its outputs");
    }

    /// <summary>Carries the job's id beside every answer about one job: whoever forwards an answer need not read it.</summary>
    private const string JobIdHeader = "X-Job-Id";

    /// <summary>Puts the job's id beside the answer, where a header can hold it.</summary>
    internal static void TellId(HttpContext context, string id)
    {
        if (id.All(static c => c is > ' ' and <= '~'))
        {
            context.Response.Headers[JobIdHeader] = id;
        }
    }

    /// <summary>Accepts a request that was read.</summary>
    internal static async Task<IResult> SubmitRequestAsync(HttpContext context, JobService jobs, JobRequest request)
    {
        var accepted = await jobs.AcceptAsync(request, new() { IdempotencyKey = KeyOf(context.Request) });
        return accepted.Job is { } job ? Promise(context, job) : Refuse(context, jobs, request.Id, accepted.Refusal!.Value);
    }

    /// <summary>Runs a request that was read.</summary>
    internal static async Task<IResult> RunRequestAsync(HttpContext context, JobService jobs, ApiOptions options, JobRequest request)
    {
        var wait = Preference.Read(context.Request.Headers["Prefer"]).Wait;
        var accepted = await jobs.AcceptAsync(request, new() { IdempotencyKey = KeyOf(context.Request), CallerStays = wait != TimeSpan.Zero });
        if (accepted.Job is not { } job)
        {
            return Refuse(context, jobs, request.Id, accepted.Refusal!.Value);
        }

        TellId(context, job.Id);
        try
        {
            if (await job.FinishedWithinAsync(wait ?? Timeout.InfiniteTimeSpan, context.RequestAborted))
            {
                var last = job.Snapshot;
                return Answers.Result(last.ToResult(job.Id, IncludesResponse(context.Request, options)), OutcomeStatus.Of(last));
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!MayOutlive(context.Request))
            {
                await job.CancelAsync(JobErrorCode.ClientDisconnected, "Request cancelled due to client disconnection");
            }

            return Results.Empty;
        }

        return await PromiseAsync(context, jobs, job, wait);
    }

    /// <summary>Whether the caller, or else the service's configuration, wants <c>comfyui_response</c>.</summary>
    internal static bool IncludesResponse(HttpRequest request, ApiOptions options) =>
        request.Headers.TryGetValue("X-Include-ComfyUI-Response", out var header) ? Flag.IsYes(header) : options.IncludeComfyResponse;

    /// <summary>The caller's <c>Idempotency-Key</c>, or null. A key of another form is refused when the request is read.</summary>
    internal static string? KeyOf(HttpRequest request) =>
        request.Headers.TryGetValue("Idempotency-Key", out var header) && header.ToString().Trim() is { Length: > 0 } key ? key : null;

    /// <summary>Why a request was not accepted.</summary>
    internal static IResult Refuse(HttpContext context, JobService jobs, string id, JobErrorCode reason, bool inDetail = false)
    {
        var (status, message) = reason switch
        {
            JobErrorCode.AtCapacity => (StatusCodes.Status503ServiceUnavailable, jobs.CapacityMessage(KeyGate.OwnerOf(context))),
            JobErrorCode.ShuttingDown => (StatusCodes.Status503ServiceUnavailable, "The service is shutting down; retry shortly"),
            JobErrorCode.LedgerUnavailable => (StatusCodes.Status503ServiceUnavailable, "The request cannot be written down; retry later"),
            _ => (StatusCodes.Status409Conflict, "Another request has this request_id or Idempotency-Key; use a new one"),
        };
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = jobs.RetryAfterSeconds.ToString();
        }

        return inDetail ? Answers.Text("detail", message, status) : Answers.Refused(id, message, status, reason);
    }

    private static async Task<IResult> SubmitAsync(HttpContext context, JobService jobs, RequestReader reader)
    {
        var (request, refusal) = await reader.ReadAsync(context);
        return request is null ? refusal! : await SubmitRequestAsync(context, jobs, request);
    }

    private static async Task<IResult> RunAsync(HttpContext context, JobService jobs, ApiOptions options, RequestReader reader)
    {
        var (request, refusal) = await reader.ReadAsync(context);
        return request is null ? refusal! : await RunRequestAsync(context, jobs, options, request);
    }

    /// <summary>202 with what an accepted job looks like; for a repeated request with what became of it so far.</summary>
    private static IResult Promise(HttpContext context, Job job)
    {
        context.Response.Headers.Location = $"/result/{job.Id}";
        var isNew = job.Snapshot.Status is JobStatus.Pending or JobStatus.Processing;
        var told = isNew ? new JobSnapshot { Warnings = job.Snapshot.Warnings, Timings = new() { QueuedAtMs = job.Snapshot.Timings.QueuedAtMs } } : job.Snapshot;
        return Answers.Result(told.ToResult(job.Id, false), StatusCodes.Status202Accepted);
    }

    /// <summary>The caller's patience is over, or the service stops, not the job: from here on it is one that was submitted, and on disk.</summary>
    private static async Task<IResult> PromiseAsync(HttpContext context, JobService jobs, Job job, TimeSpan? wait)
    {
        try
        {
            await job.Lease;
        }
        catch (LedgerUnavailableException)
        {
            return Refuse(context, jobs, job.Id, JobErrorCode.LedgerUnavailable);
        }

        context.Response.Headers.Location = $"/result/{job.Id}";
        if (wait is { } patience)
        {
            context.Response.Headers["Preference-Applied"] = patience == TimeSpan.Zero ? "respond-async" : $"wait={patience.TotalSeconds:0}";
        }

        return Answers.Result(job.Snapshot.ToResult(job.Id, false), StatusCodes.Status202Accepted);
    }

    /// <summary>Whether the job goes on when its caller goes away.</summary>
    private static bool MayOutlive(HttpRequest request) =>
        request.Headers.TryGetValue("X-Cancel-On-Disconnect", out var header) && Flag.TryParse(header.ToString(), out var cancels) && !cancels;
}
