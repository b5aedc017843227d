using System.Text.Json;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>Workergroups: <c>/api/v0/workergroups/</c>, and <c>/api/v0/autojobs/</c>, their older name.</summary>
internal sealed class WorkergroupApi(
    IGatewayStore store, EndpointDirectory directory, ProviderRegistry providers, Callers callers, IGrainFactory grains, TimeProvider time)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        foreach (var path in new[] { "/api/v0/workergroups", "/api/v0/autojobs" })
        {
            var group = app.MapGroup(path).AddEndpointFilter<AccountFilter>();
            group.MapGet("/", static (WorkergroupApi api) => api.List());
            group.MapPost("/", static (HttpContext context, WorkergroupApi api) => api.CreateAsync(context));
            group.MapPut("/{id:long}/", static (long id, HttpContext context, WorkergroupApi api) => api.UpdateAsync(id, context));
            group.MapDelete("/{id:long}/", static (long id, HttpContext context, WorkergroupApi api) => api.DeleteAsync(id, context.RequestAborted));
        }

        app.MapPost("/update_workers/", static (HttpContext context, WorkergroupApi api) => api.UpdateWorkersAsync(context));
    }

    private IResult List() =>
        Answers.Json(new WorkergroupList([.. directory.Workergroups.Select(View)]) { Success = true }, ServerlessJson.Default.WorkergroupList);

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        if (await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.WorkergroupParameters, context.RequestAborted) is not { } given)
        {
            return Answers.Invalid("The body is not JSON of a workergroup's parameters");
        }

        if (Endpoint(given) is not { } endpoint)
        {
            return Answers.Invalid("Please assign your workergroup to a valid endpoint identifier");
        }

        if (WorkergroupRules.Mistakes(given, providers) is { Count: > 0 } mistakes)
        {
            return Answers.Invalid(mistakes);
        }

        var row = new WorkergroupRow
        {
            Id = await store.NextAsync("workergroup", context.RequestAborted),
            EndpointId = endpoint.Id,
            Parameters = given,
            CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
        };
        await SaveAsync(row, context.RequestAborted);
        return Answers.Json(new CreatedAnswer { Success = true, Result = row.Id, Id = row.Id }, ServerlessJson.Default.CreatedAnswer);
    }

    private async Task<IResult> UpdateAsync(long id, HttpContext context)
    {
        if (await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.WorkergroupParameters, context.RequestAborted) is not { } given)
        {
            return Answers.Invalid("The body is not JSON of a workergroup's parameters");
        }

        if (directory.Workergroups.FirstOrDefault(g => g.Id == id) is not { } old)
        {
            return Answers.Failure(StatusCodes.Status400BadRequest, "invalid_args", "Workgroup not found for user", id);
        }

        var changed = WorkergroupRules.Over(old.Parameters, given);
        if (WorkergroupRules.Mistakes(changed, providers) is { Count: > 0 } mistakes)
        {
            return Answers.Invalid(mistakes);
        }

        // What the workers run has changed: they are updated one after another.
        var revision = WorkergroupRules.SameTemplate(old.Parameters, changed) ? old.Revision : old.Revision + 1;
        await SaveAsync(old with { Parameters = changed, Revision = revision }, context.RequestAborted);
        return Answers.Done();
    }

    private async Task<IResult> DeleteAsync(long id, CancellationToken cancellationToken)
    {
        if (directory.Workergroups.FirstOrDefault(g => g.Id == id) is not { } group)
        {
            return Answers.Failure(StatusCodes.Status404NotFound, "no_such_workergroup", "No workergroup by that id is available.", id);
        }

        var workers = await grains.GetGrain<IEndpointGrain>(group.EndpointId).DeleteGroupAsync(id);
        await store.RemoveWorkergroupAsync(id, cancellationToken);
        await directory.RenewAsync(cancellationToken);
        await grains.GetGrain<IEndpointGrain>(group.EndpointId).ReconfigureAsync();
        return Answers.Json(
            new DeletedAnswer { Success = true, DeletedWorkers = workers, FailedWorkers = [], Msg = $"Workergroup {id} deleted" },
            ServerlessJson.Default.DeletedAnswer);
    }

    // A higher revision is all it takes: the endpoint's owner updates workers of older ones, inactive ones first.
    private async Task<IResult> UpdateWorkersAsync(HttpContext context)
    {
        if (await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.UpdateWorkersRequest, context.RequestAborted) is not { } given)
        {
            return Answers.Invalid("The body is not JSON with a 'workergroup_id'");
        }

        if (AccountFilter.Refuse(callers, context, given.ApiKey) is { } refusal)
        {
            return refusal;
        }

        if (directory.Workergroups.FirstOrDefault(g => g.Id == given.WorkergroupId) is not { } group)
        {
            return Answers.Failure(StatusCodes.Status404NotFound, "no_such_workergroup", "No workergroup by that id is available.", given.WorkergroupId);
        }

        var owner = grains.GetGrain<IEndpointGrain>(group.EndpointId);
        if (given.CancelUpdate == true)
        {
            await owner.CancelUpdateAsync(group.Id);
            return Answers.Json(new UpdateWorkersAnswer { Cancelled = true }, ServerlessJson.Default.UpdateWorkersAnswer);
        }

        await SaveAsync(group with { Revision = group.Revision + 1 }, context.RequestAborted);
        var workers = JsonSerializer.Deserialize(await owner.WorkersAsync(group.Id), ServerlessJson.Default.IReadOnlyListWorkerView)!;
        return Answers.Json(new UpdateWorkersAnswer { WorkersToUpdate = workers.Count }, ServerlessJson.Default.UpdateWorkersAnswer);
    }

    private async Task SaveAsync(WorkergroupRow row, CancellationToken cancellationToken)
    {
        await store.SaveWorkergroupAsync(row, cancellationToken);
        await directory.RenewAsync(cancellationToken);
        await grains.GetGrain<IEndpointGrain>(row.EndpointId).ReconfigureAsync();
    }

    private EndpointRow? Endpoint(WorkergroupParameters given) =>
        given.EndpointId is { } id ? directory.Find(id) : given.EndpointName is { } name ? directory.Find(name) : null;

    private WorkergroupView View(WorkergroupRow row)
    {
        var endpoint = directory.Find(row.EndpointId);
        return new WorkergroupView
        {
            Id = row.Id,
            EndpointId = row.EndpointId,
            EndpointName = endpoint?.Name ?? "",
            TemplateHash = row.Parameters.TemplateHash,
            TemplateId = row.Parameters.TemplateId,
            SearchQuery = row.Parameters.SearchParams,
            LaunchArgs = row.Parameters.LaunchArgs,
            GpuRam = row.Parameters.GpuRam ?? 24,
            TestWorkers = row.Parameters.TestWorkers ?? 3,
            MinLoad = row.Parameters.MinLoad,
            TargetUtil = row.Parameters.TargetUtil,
            ColdMult = row.Parameters.ColdMult,
            ColdWorkers = row.Parameters.ColdWorkers,
            ApiKey = endpoint is null ? "" : directory.KeyOf(endpoint),
            CreatedAt = row.CreatedAt,
            UserId = 1,
            Provider = row.Provider,
        };
    }
}
