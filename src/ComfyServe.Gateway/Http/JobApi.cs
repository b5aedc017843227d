using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Jobs;
using ComfyServe.Gateway.Storage;
using ComfyServe.Hosting.Json;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs;
using ComfyServe.Jobs.Deliveries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>Durable jobs: <c>/api/v1/endpoints/{name}/jobs</c>. An accepted job is on disk before its caller hears of it.</summary>
internal sealed class JobApi(EndpointLedger ledger, LargeBodies bodies, AddressCheck addresses, DeliveryLoop deliveries, CostRule costs, TimeProvider time)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/endpoints/{name}/jobs").AddEndpointFilter<EndpointFilter>();
        group.MapPost("/", static (HttpContext context, JobApi api) => api.AcceptAsync(context));
        group.MapGet("/", static (HttpContext context, string? status, string? after, int? limit, JobApi api) => api.ListAsync(context, status, after, limit));
        group.MapGet("/{id}", static (string id, HttpContext context, double? wait, JobApi api) => api.ShowAsync(id, context, wait));
        group.MapPost("/{id}/cancel", static (string id, HttpContext context, JobApi api) => api.CancelAsync(id, context));
        group.MapGet("/{id}/webhooks", static (string id, HttpContext context, JobApi api) => api.ListWebhooksAsync(id, context));
        group.MapPost("/{id}/webhooks/redeliver", static (string id, HttpContext context, JobApi api) => api.RedeliverAsync(id, context));
        group.MapPost("/{id}/retry", static (string id, HttpContext context, JobApi api) => api.RetryAsync(id, context));
    }

    private async Task<IResult> AcceptAsync(HttpContext context)
    {
        var endpoint = EndpointFilter.Of(context);
        using var body = await bodies.ReadAsync(context);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (JsonUnicode.FirstFault(body.Bytes.Span) is { } path)
        {
            return Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", $"'{string.Join('.', path)}': {JsonUnicode.Complaint}");
        }

        JobSubmission given;
        try
        {
            var json = JsonElement.Parse(body.Bytes.Span);
            given = json.TryGetProperty("payload", out _) ? json.Deserialize(ServerlessJson.Default.JobSubmission)! : new JobSubmission { Payload = json };
        }
        catch (JsonException error)
        {
            return Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", error.Message);
        }

        if (JobRules.Mistakes(given) is { Count: > 0 } mistakes)
        {
            return Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", string.Join("; ", mistakes));
        }

        if (costs.Read(endpoint, EndpointFilter.CallerOf(context), given.Cost, out var problem) is not { } cost)
        {
            return Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", problem);
        }

        if (WebUrl.Parse(given.Webhook?.Url) is { } url && await addresses.ProblemAsync(url, EndpointLedger.QueueOf(endpoint.Id), context.RequestAborted) is { } refused)
        {
            return Answers.Failure(StatusCodes.Status422UnprocessableEntity, "invalid_args", $"'webhook.url' is not called: {refused}");
        }

        return await KeepAsync(context, endpoint, given, cost, Convert.ToHexStringLower(SHA256.HashData(body.Bytes.Span)));
    }

    private async Task<IResult> KeepAsync(HttpContext context, EndpointRow endpoint, JobSubmission given, double cost, string fingerprint)
    {
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        var accepted = await ledger.Jobs.AcceptAsync(new NewJob
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"job_{Guid.CreateVersion7(time.GetUtcNow()):N}"),
            Queue = EndpointLedger.QueueOf(endpoint.Id),
            Owner = EndpointLedger.QueueOf(endpoint.Id),
            Payload = new StoredJob { Route = given.Route ?? "/generate/sync", Payload = given.Payload!.Value, Webhook = given.Webhook }.Write(),
            Cost = cost,
            Priority = given.Priority ?? 0,
            MaxAttempts = given.MaxAttempts ?? 5,
            IdempotencyKey = key.Length == 0 ? null : key,
            Fingerprint = fingerprint,
        });
        ledger.Changed();
        if (accepted.Outcome == AcceptOutcome.KeyConflict)
        {
            return Answers.Failure(StatusCodes.Status409Conflict, "key_conflict", $"Idempotency-Key '{key}' belongs to job '{accepted.JobId}', which has another body");
        }

        context.Response.Headers.Location = $"/api/v1/endpoints/{Uri.EscapeDataString(endpoint.Name)}/jobs/{accepted.JobId}";
        var job = await FindAsync(accepted.JobId, endpoint, context.RequestAborted);
        return Show(job!, endpoint, accepted.Outcome == AcceptOutcome.Repeated ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    private async Task<IResult> ListAsync(HttpContext context, string? status, string? after, int? limit)
    {
        var endpoint = EndpointFilter.Of(context);
        JobState? state = status switch
        {
            null => null,
            "queued" => JobState.Waiting,
            "running" => JobState.Leased,
            "completed" => JobState.Completed,
            "failed" or "parked" => JobState.Failed,
            "cancelled" => JobState.Cancelled,
            _ => (JobState)(-1),
        };
        if (state == (JobState)(-1))
        {
            return Answers.Invalid($"'status' wants queued, running, completed, failed, parked or cancelled but got '{status}'");
        }

        var jobs = await ledger.Jobs.ListAsync(
            new JobFilter { Queue = EndpointLedger.QueueOf(endpoint.Id), State = state, After = after is null ? null : EndpointLedger.KeyOf(endpoint.Id, after), Limit = limit ?? 100 }, context.RequestAborted);
        var views = jobs.Select(j => View(j, endpoint)).Where(v => status is null || v.Status == status);
        return Answers.Json(new JobList([.. views]), ServerlessJson.Default.JobList);
    }

    private async Task<IResult> ShowAsync(string id, HttpContext context, double? wait)
    {
        var endpoint = EndpointFilter.Of(context);
        var (begun, patience) = (time.GetTimestamp(), TimeSpan.FromSeconds(Math.Clamp(wait ?? 0, 0, LongestWait.TotalSeconds)));
        while (true)
        {
            if (await FindAsync(id, endpoint, context.RequestAborted) is not { } job)
            {
                return Missing(id, endpoint);
            }

            var left = patience - time.GetElapsedTime(begun);
            if (JobTransitions.IsTerminal(job.State) || left <= TimeSpan.Zero)
            {
                return Show(job, endpoint);
            }

            // Another gateway's work gives no signal here: look once a second.
            await ledger.EndOfAsync(id, left < Look ? left : Look, context.RequestAborted);
            context.RequestAborted.ThrowIfCancellationRequested();
        }
    }

    private async Task<IResult> CancelAsync(string id, HttpContext context)
    {
        var endpoint = EndpointFilter.Of(context);
        if (await FindAsync(id, endpoint, context.RequestAborted) is not { } job)
        {
            return Missing(id, endpoint);
        }

        var outcome = await ledger.Jobs.EndAsync(job.Key, JobEndings.Of(id, JobState.Cancelled, StoredJob.Read(job.Payload), "cancelled", "cancelled by its caller", default));
        await ledger.InterruptAsync(id);
        return outcome == FinishOutcome.AlreadyOver
            ? Answers.Failure(StatusCodes.Status409Conflict, "already_over", $"Job '{id}' is {JobEndings.Status(job.State, job.ErrorCode)} already")
            : Show((await FindAsync(id, endpoint, context.RequestAborted))!, endpoint);
    }

    // The same job once more, for the operator who has mended what broke: a new life of the record under the same id.
    private async Task<IResult> RetryAsync(string id, HttpContext context)
    {
        var endpoint = EndpointFilter.Of(context);
        if (await FindAsync(id, endpoint, context.RequestAborted) is not { } job)
        {
            return Missing(id, endpoint);
        }

        if (job.State is not (JobState.Failed or JobState.Cancelled))
        {
            return Answers.Failure(StatusCodes.Status409Conflict, "not_failed", $"Job '{id}' is {JobEndings.Status(job.State, job.ErrorCode)}: only failed, parked and cancelled jobs can be sent again");
        }

        await ledger.Jobs.AcceptAsync(new NewJob
        {
            Id = id,
            Queue = job.Queue,
            Owner = job.Owner,
            Payload = job.Payload,
            Cost = job.Cost,
            Priority = job.Priority,
            MaxAttempts = job.MaxAttempts,
            Fingerprint = job.Fingerprint,
            ReplacesFinished = true,
        });
        ledger.Changed();
        return Show((await FindAsync(id, endpoint, context.RequestAborted))!, endpoint, StatusCodes.Status202Accepted);
    }

    private async Task<IResult> ListWebhooksAsync(string id, HttpContext context)
    {
        var endpoint = EndpointFilter.Of(context);
        return await FindAsync(id, endpoint, context.RequestAborted) is { } job
            ? Results.Content((await DeliveryLog.DescribeAsync(ledger.Jobs, job.Key, context.RequestAborted)).ToJsonString(), "application/json; charset=utf-8")
            : Missing(id, endpoint);
    }

    private async Task<IResult> RedeliverAsync(string id, HttpContext context)
    {
        var endpoint = EndpointFilter.Of(context);
        if (await FindAsync(id, endpoint, context.RequestAborted) is not { } job)
        {
            return Missing(id, endpoint);
        }

        var count = await ledger.Jobs.RedeliverAsync(job.Key);
        deliveries.Wake();
        return Results.Content(new JsonObject { ["deliveries"] = count }.ToJsonString(), "application/json; charset=utf-8", statusCode: StatusCodes.Status202Accepted);
    }

    private Task<JobRecord?> FindAsync(string id, EndpointRow endpoint, CancellationToken cancellationToken) =>
        ledger.Jobs.FindAsync(EndpointLedger.KeyOf(endpoint.Id, id), cancellationToken);

    private static IResult Missing(string id, EndpointRow endpoint) =>
        Answers.Failure(StatusCodes.Status404NotFound, "no_such_job", $"Endpoint '{endpoint.Name}' has no job '{id}'");

    private static IResult Show(JobRecord job, EndpointRow endpoint, int status = StatusCodes.Status200OK) => Answers.Json(
        View(job, endpoint) with { Result = job.Result.IsEmpty ? null : JsonElement.Parse(job.Result.Span) }, ServerlessJson.Default.JobView, status);

    private static JobView View(JobRecord job, EndpointRow endpoint) => new()
    {
        Id = job.Id,
        Status = JobEndings.Status(job.State, job.ErrorCode),
        Endpoint = endpoint.Name,
        Cost = job.Cost,
        Attempts = job.Attempts,
        MaxAttempts = job.MaxAttempts,
        Worker = job.Note,
        AcceptedAt = job.Accepted.ToUnixTimeMilliseconds() / 1000.0,
        FinishedAt = job.Finished?.ToUnixTimeMilliseconds() / 1000.0,
        Error = job.ErrorCode,
        Message = job.Message,
    };
}
