using ComfyServe.Api.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace ComfyServe.Api.Requests;

/// <summary><c>POST /generate/stream</c>, and <c>GET /generate/stream/{request_id}</c> to follow a job that runs already.</summary>
internal static class StreamApi
{
    public static void MapStream(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/generate/stream", RunAsync)
            .TakesPayload()
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
            .WithName("generate_stream").WithSummary("Run a workflow and stream its events; 'Last-Event-ID' resumes");
        routes.MapGet("/generate/stream/{request_id}", FollowAsync)
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
            .WithName("follow_stream").WithSummary("Stream the events of a request; 'Last-Event-ID' resumes");
    }

    private static async Task<IResult> RunAsync(HttpContext context, JobService jobs, RequestReader reader, JobQueues queues, ApiOptions options, TimeProvider time)
    {
        var (request, refusal) = await reader.ReadAsync(context);
        if (request is null)
        {
            return refusal!;
        }

        if (LastEvent(context.Request.Headers) is { } last && await jobs.FindForAsync(request.Id, context) is { } known)
        {
            return new EventStream(known, last, queues, options, time); // Somebody reconnects with the request he made.
        }

        var accepted = await jobs.AcceptAsync(request, new() { Streamed = true, IdempotencyKey = GenerateApi.KeyOf(context.Request) });
        return accepted.Job is { } job
            ? new EventStream(job, 0, queues, options, time)
            : GenerateApi.Refuse(context, jobs, request.Id, accepted.Refusal!.Value, inDetail: true);
    }

    private static async Task<IResult> FollowAsync(string request_id, HttpContext context, JobService jobs, JobQueues queues, ApiOptions options, TimeProvider time) =>
        await jobs.FindForAsync(request_id, context) is { } job
            ? new EventStream(job, LastEvent(context.Request.Headers) ?? 0, queues, options, time)
            : Answers.Text("detail", "Request ID not found", StatusCodes.Status404NotFound);

    private static long? LastEvent(IHeaderDictionary headers) =>
        headers.TryGetValue("Last-Event-ID", out var header) ? Parse(header) : null;

    private static long Parse(StringValues header) => long.TryParse(header.ToString(), out var id) && id > 0 ? id : 0;
}
