using System.Text.Json;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Gateway.Http;

/// <summary>API keys: <c>/api/v0/auth/apikeys/</c>. Only their hashes are kept.</summary>
internal sealed class KeyApi(IGatewayStore store, EndpointDirectory directory, TimeProvider time)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v0/auth/apikeys").AddEndpointFilter<AccountFilter>();
        group.MapGet("/", static (KeyApi api) => api.List());
        group.MapPost("/", static (HttpContext context, KeyApi api) => api.CreateAsync(context));
        group.MapDelete("/{id:long}/", static (long id, HttpContext context, KeyApi api) => api.RevokeAsync(id, context.RequestAborted));
    }

    private IResult List() => Answers.Json(
        (IReadOnlyList<ApiKeyView>)[.. directory.Keys.Select(k => View(k, null))], ServerlessJson.Default.IReadOnlyListApiKeyView);

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        if (await Body.ReadAsync(context.Request, ServerlessJson.Default.ApiKeyRequest, context.RequestAborted) is not { } given)
        {
            return Answers.Invalid("The body is not JSON of a key's name, permissions and scope");
        }

        var scope = given.Scope ?? (given.Endpoint is null ? "account" : "endpoint");
        var endpoint = given.Endpoint is null ? null : directory.Find(given.Endpoint);
        if (scope is not ("account" or "endpoint"))
        {
            return Answers.Invalid($"'scope' wants 'account' or 'endpoint' but got '{scope}'");
        }

        if (scope == "endpoint" && endpoint is null)
        {
            return Answers.Invalid($"'endpoint' wants the name of an endpoint but got '{given.Endpoint}'");
        }

        var key = GatewaySecrets.NewKey();
        var row = new ApiKeyRow
        {
            Id = await store.NextAsync("key", context.RequestAborted),
            Hash = KeyRing.Hash(key),
            Name = given.Name,
            Scope = scope,
            EndpointId = scope == "endpoint" ? endpoint!.Id : null,
            Permissions = given.Permissions?.GetRawText(),
            CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
        };
        await store.AddApiKeyAsync(row, context.RequestAborted);
        await directory.RenewAsync(context.RequestAborted);
        return Answers.Json(View(row, key), ServerlessJson.Default.ApiKeyView);
    }

    private async Task<IResult> RevokeAsync(long id, CancellationToken cancellationToken)
    {
        if (!await store.RemoveApiKeyAsync(id, cancellationToken))
        {
            return Answers.Failure(StatusCodes.Status404NotFound, "no_such_key", $"There is no API key {id}", id);
        }

        await directory.RenewAsync(cancellationToken);
        return Answers.Done();
    }

    private ApiKeyView View(ApiKeyRow row, string? key) => new()
    {
        Id = row.Id,
        Key = key,
        Name = row.Name,
        Permissions = row.Permissions is null ? null : JsonElement.Parse(row.Permissions),
        Scope = row.Scope,
        Endpoint = row.EndpointId is { } id ? directory.Find(id)?.Name : null,
        CreatedAt = row.CreatedAt,
    };
}
