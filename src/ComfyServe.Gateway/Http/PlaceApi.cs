using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>Places for workers that are started by hand: <c>/api/v1/endpoints/{name}/workers</c>.</summary>
internal sealed class PlaceApi(EndpointDirectory directory, GatewaySecrets secrets, IGrainFactory grains, GatewayAddress address)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/endpoints/{name}/workers").AddEndpointFilter<AccountFilter>();
        group.MapGet("/", static (string name, PlaceApi api) => api.ListAsync(name));
        group.MapPost("/", static (string name, PlaceApi api) => api.CreateAsync(name));
        group.MapDelete("/{id:long}", static (string name, long id, PlaceApi api) => api.RemoveAsync(name, id));
    }

    private async Task<IResult> ListAsync(string name) => directory.Find(name) is { } endpoint
        ? Answers.Written(await grains.GetGrain<IEndpointGrain>(endpoint.Id).WorkersAsync(null))
        : Missing(name);

    private async Task<IResult> CreateAsync(string name)
    {
        if (directory.Find(name) is not { } endpoint)
        {
            return Missing(name);
        }

        var id = await grains.GetGrain<IEndpointGrain>(endpoint.Id).AddPlaceAsync();
        return Answers.Json(
            new WorkerPlace { Id = id, Mtoken = secrets.WorkerToken(id), ReportAddr = address.Url }, ServerlessJson.Default.WorkerPlace, StatusCodes.Status201Created);
    }

    private async Task<IResult> RemoveAsync(string name, long id)
    {
        if (directory.Find(name) is not { } endpoint)
        {
            return Missing(name);
        }

        directory.Forget(id);
        return await grains.GetGrain<IEndpointGrain>(endpoint.Id).RemoveWorkerAsync(id)
            ? Answers.Done()
            : Answers.Failure(StatusCodes.Status404NotFound, "no_such_worker", $"Endpoint '{name}' has no worker {id}", id);
    }

    private static IResult Missing(string name) =>
        Answers.Failure(StatusCodes.Status404NotFound, "no_such_endpoint", $"There is no endpoint '{name}'; make it with POST /api/v0/endptjobs/");
}
