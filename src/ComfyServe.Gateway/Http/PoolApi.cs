using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>Workers and logs of endpoints and workergroups, under all names that they have had. The key may be in the body.</summary>
internal sealed class PoolApi(Callers callers, EndpointDirectory directory, IGrainFactory grains)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/get_endpoint_workers/", static (HttpContext context, PoolApi api) => api.EndpointAsync(context, api.WorkersAsync));
        app.MapPost("/get_endpoint_logs/", static (HttpContext context, PoolApi api) => api.EndpointAsync(context, api.LogsAsync));
        foreach (var word in new[] { "workergroup", "autogroup" })
        {
            app.MapPost($"/get_{word}_workers/", static (HttpContext context, PoolApi api) => api.GroupAsync(context, api.GroupWorkersAsync));
            app.MapPost($"/get_{word}_logs/", static (HttpContext context, PoolApi api) => api.GroupAsync(context, api.GroupLogsAsync));
        }
    }

    private async Task<IResult> EndpointAsync(HttpContext context, Func<EndpointRow, PoolQuery, Task<byte[]>> read)
    {
        var query = await Body.ReadAsync(context.Request, ServerlessJson.Default.PoolQuery, context.RequestAborted) ?? new PoolQuery();
        if (AccountFilter.Refuse(callers, context, query.ApiKey) is { } refusal)
        {
            return refusal;
        }

        return (query.Endpoint is { } name ? directory.Find(name) : directory.Find(query.Id)) is { } endpoint
            ? Answers.Written(await read(endpoint, query))
            : Answers.Failure(StatusCodes.Status404NotFound, "no_such_endpoint", $"There is no endpoint '{query.Endpoint ?? query.Id.ToString()}'", query.Id);
    }

    private async Task<IResult> GroupAsync(HttpContext context, Func<WorkergroupRow, PoolQuery, Task<byte[]>> read)
    {
        var query = await Body.ReadAsync(context.Request, ServerlessJson.Default.PoolQuery, context.RequestAborted) ?? new PoolQuery();
        if (AccountFilter.Refuse(callers, context, query.ApiKey) is { } refusal)
        {
            return refusal;
        }

        return directory.Workergroups.FirstOrDefault(g => g.Id == query.Id) is { } group
            ? Answers.Written(await read(group, query))
            : Answers.Failure(StatusCodes.Status404NotFound, "no_such_workergroup", "No workergroup by that id is available.", query.Id);
    }

    private Task<byte[]> WorkersAsync(EndpointRow endpoint, PoolQuery query) => grains.GetGrain<IEndpointGrain>(endpoint.Id).WorkersAsync(null);

    private Task<byte[]> LogsAsync(EndpointRow endpoint, PoolQuery query) => grains.GetGrain<IEndpointGrain>(endpoint.Id).LogsAsync(query.Tail);

    private Task<byte[]> GroupWorkersAsync(WorkergroupRow group, PoolQuery query) => grains.GetGrain<IEndpointGrain>(group.EndpointId).WorkersAsync(group.Id);

    private Task<byte[]> GroupLogsAsync(WorkergroupRow group, PoolQuery query) => grains.GetGrain<IEndpointGrain>(group.EndpointId).LogsAsync(query.Tail);
}
