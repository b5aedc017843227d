using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>Endpoints: <c>/api/v0/endptjobs/</c>.</summary>
internal sealed class EndpointApi(IGatewayStore store, EndpointDirectory directory, IGrainFactory grains, TimeProvider time)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v0/endptjobs").AddEndpointFilter<AccountFilter>();
        group.MapGet("/", static (EndpointApi api) => api.List());
        group.MapPost("/", static (HttpContext context, EndpointApi api) => api.CreateAsync(context));
        group.MapGet("/{id:long}/", static (long id, EndpointApi api) => api.Show(id));
        group.MapPut("/{id:long}/", static (long id, HttpContext context, EndpointApi api) => api.UpdateAsync(id, context));
        group.MapDelete("/{id:long}/", static (long id, HttpContext context, EndpointApi api) => api.DeleteAsync(id, context.RequestAborted));
    }

    /// <summary>An endpoint as the wire shows it.</summary>
    public static EndpointView View(EndpointRow row, string key) => new()
    {
        Id = row.Id,
        EndpointName = row.Name,
        ApiKey = key,
        UserId = 1,
        CreatedAt = row.CreatedAt,
        MinLoad = row.Parameters.MinLoad,
        MinColdLoad = row.Parameters.MinColdLoad,
        TargetUtil = row.Parameters.TargetUtil,
        ColdMult = row.Parameters.ColdMult,
        ColdWorkers = row.Parameters.ColdWorkers,
        MaxWorkers = row.Parameters.MaxWorkers,
        MaxQueueTime = row.Parameters.MaxQueueTime,
        TargetQueueTime = row.Parameters.TargetQueueTime,
        InactivityTimeout = row.Parameters.InactivityTimeout,
        MaxCost = row.Parameters.MaxCost,
        EndpointState = row.State.ToString().ToLowerInvariant(),
    };

    private IResult List() => Answers.Json(
        new EndpointList([.. directory.Endpoints.Select(e => View(e, directory.KeyOf(e)))]) { Success = true }, ServerlessJson.Default.EndpointList);

    private IResult Show(long id) => directory.Find(id) is { } endpoint
        ? Answers.Json(new EndpointAnswer(View(endpoint, directory.KeyOf(endpoint))) { Success = true }, ServerlessJson.Default.EndpointAnswer)
        : Missing(id, "Endpointgroup");

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var given = await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.EndpointParameters, context.RequestAborted);
        if (given is null)
        {
            return Answers.Invalid("The body is not JSON of an endpoint's parameters");
        }

        if (EndpointRules.Mistakes(given) is { Count: > 0 } mistakes)
        {
            return Answers.Invalid(mistakes);
        }

        var row = new EndpointRow
        {
            Id = await store.NextAsync("endpoint", context.RequestAborted),
            Name = given.EndpointName ?? "default-endpoint",
            State = EndpointRules.State(given.EndpointState) ?? EndpointState.Active,
            Parameters = EndpointRules.Over(new ScalingParameters(), given),
            CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
        };
        if (!await store.AddEndpointAsync(row, context.RequestAborted))
        {
            return Answers.Invalid($"There is an endpoint '{row.Name}' already; choose another 'endpoint_name'");
        }

        await directory.RenewAsync(context.RequestAborted);
        return Answers.Json(new CreatedAnswer { Success = true, Result = row.Id, Id = row.Id }, ServerlessJson.Default.CreatedAnswer);
    }

    private async Task<IResult> UpdateAsync(long id, HttpContext context)
    {
        var given = await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.EndpointParameters, context.RequestAborted);
        if (given is null)
        {
            return Answers.Invalid("The body is not JSON of an endpoint's parameters");
        }

        if (EndpointRules.Mistakes(given) is { Count: > 0 } mistakes)
        {
            return Answers.Invalid(mistakes);
        }

        if (directory.Find(id) is not { } old)
        {
            return Missing(id, "Endpointgroup");
        }

        var changed = old with
        {
            Name = given.EndpointName ?? old.Name,
            State = EndpointRules.State(given.EndpointState) ?? old.State,
            Parameters = EndpointRules.Over(old.Parameters, given),
        };
        if (!await store.UpdateEndpointAsync(changed, context.RequestAborted))
        {
            return Answers.Invalid($"There is an endpoint '{changed.Name}' already; choose another 'endpoint_name'");
        }

        await directory.RenewAsync(context.RequestAborted);
        await grains.GetGrain<IEndpointGrain>(id).ReconfigureAsync();
        return Answers.Done();
    }

    private async Task<IResult> DeleteAsync(long id, CancellationToken cancellationToken)
    {
        if (directory.Find(id) is not { } endpoint)
        {
            return Missing(id, "Routegroup");
        }

        // The owner first: it can only destroy its workers while it knows of them.
        var workers = await grains.GetGrain<IEndpointGrain>(id).DeleteAsync();
        await store.RemoveEndpointAsync(id, cancellationToken);
        await directory.RenewAsync(cancellationToken);
        foreach (var worker in workers)
        {
            directory.Forget(worker);
        }

        return Answers.Json(
            new DeletedAnswer { Success = true, DeletedWorkers = workers, FailedWorkers = [], Msg = $"Endpoint '{endpoint.Name}' deleted" },
            ServerlessJson.Default.DeletedAnswer);
    }

    private static IResult Missing(long id, string word) =>
        Answers.Failure(StatusCodes.Status400BadRequest, "invalid_args", $"{word} not found for user", id);
}
