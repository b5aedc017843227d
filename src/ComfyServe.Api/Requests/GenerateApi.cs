using System.Buffers;
using ComfyServe.Api.Jobs;
using ComfyServe.Contracts.Api;
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

    private static async Task<IResult> SubmitAsync(HttpContext context, JobService jobs, ApiOptions options)
    {
        var (request, refusal) = await ReadAsync(context, options);
        if (request is null)
        {
            return refusal!;
        }

        var job = jobs.TryAccept(request);
        return job is null ? AtCapacity(context, jobs, request.Id) : Answers.Result(new JobSnapshot { Timings = job.Snapshot.Timings }.ToResult(job.Id, false), StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> RunAsync(HttpContext context, JobService jobs, ApiOptions options)
    {
        var (request, refusal) = await ReadAsync(context, options);
        if (request is null)
        {
            return refusal!;
        }

        var job = jobs.TryAccept(request);
        if (job is null)
        {
            return AtCapacity(context, jobs, request.Id);
        }

        var wait = Preference.Read(context.Request.Headers["Prefer"]).Wait;
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
            if (MayOutlive(context.Request))
            {
                return Results.Empty;
            }

            await job.CancelAsync(JobErrorCode.ClientDisconnected, "Request cancelled due to client disconnection");
            return Results.Empty;
        }

        // The caller's patience is over, not the job: from here on it is one that was submitted.
        context.Response.Headers.Location = $"/result/{job.Id}";
        context.Response.Headers["Preference-Applied"] = wait == TimeSpan.Zero ? "respond-async" : $"wait={wait!.Value.TotalSeconds:0}";
        return Answers.Result(job.Snapshot.ToResult(job.Id, false), StatusCodes.Status202Accepted);
    }

    /// <summary>Whether the job goes on when its caller goes away.</summary>
    private static bool MayOutlive(HttpRequest request) =>
        request.Headers.TryGetValue("X-Cancel-On-Disconnect", out var header) && Flag.TryParse(header.ToString(), out var cancels) && !cancels;

    /// <summary>Whether the caller, or else the service's configuration, wants <c>comfyui_response</c>.</summary>
    internal static bool IncludesResponse(HttpRequest request, ApiOptions options) =>
        request.Headers.TryGetValue("X-Include-ComfyUI-Response", out var header) ? Flag.IsYes(header) : options.IncludeComfyResponse;

    private static IResult AtCapacity(HttpContext context, JobService jobs, string id)
    {
        context.Response.Headers.RetryAfter = jobs.RetryAfterSeconds.ToString();
        return Answers.Refused(id, jobs.CapacityMessage, StatusCodes.Status503ServiceUnavailable);
    }

    internal static async Task<(JobRequest? Request, IResult? Refusal)> ReadAsync(HttpContext context, ApiOptions options)
    {
        var body = await ReadBodyAsync(context.Request, options.MaxBodyBytes);
        if (body is null)
        {
            return (null, Answers.Text("detail", $"Body is larger than {options.MaxBodyBytes} bytes", StatusCodes.Status413PayloadTooLarge));
        }

        var publicUrl = options.PublicUrl ?? $"{context.Request.Scheme}://{context.Request.Host}";
        var request = PayloadReader.Read(body.Value, context.Request.HasJsonContentType(), publicUrl, out var problems);
        if (request is null)
        {
            return (null, Answers.Invalid(problems));
        }

        return (Flag.IsYes(context.Request.Headers["X-Return-Outputs-As-Base64"]) ? request with { ReturnBase64 = true } : request, null);
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpRequest request, long limit)
    {
        if (request.ContentLength > limit)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>((int)(request.ContentLength ?? 4096) + 1);
        while (true)
        {
            var read = await request.Body.ReadAsync(buffer.GetMemory(1), request.HttpContext.RequestAborted);
            if (read == 0)
            {
                return buffer.WrittenMemory;
            }

            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
            {
                return null;
            }
        }
    }
}
