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
internal sealed class KeyApi(IGatewayStore store, EndpointDirectory directory, KeyUses uses, TimeProvider time)
{
    /// <summary>Adds the calls.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v0/auth/apikeys").AddEndpointFilter<AccountFilter>();
        group.MapGet("/", static (HttpContext context, KeyApi api) => api.ListAsync(context.RequestAborted));
        group.MapPost("/", static (HttpContext context, KeyApi api) => api.CreateAsync(context));
        group.MapDelete("/endpoints/{name}/", static (string name, HttpContext context, KeyApi api) => api.RenewAsync(name, context.RequestAborted));
        group.MapDelete("/{id:long}/", static (long id, HttpContext context, KeyApi api) => api.RevokeAsync(id, context.RequestAborted));
    }

    // Those that were made here, and the one that each endpoint has by itself.
    private async Task<IResult> ListAsync(CancellationToken cancellationToken)
    {
        await uses.SaveAsync(store, cancellationToken);
        var used = await store.KeyUsesAsync(cancellationToken);
        IReadOnlyList<ApiKeyView> keys =
        [
            .. directory.Keys.Select(k => View(k, null) with { LastUsedAt = LastUse(used, Caller.Of(k)) }),
            .. directory.Endpoints.Select(e => new ApiKeyView
            {
                Name = "the endpoint's own",
                Prefix = directory.KeyOf(e)[..GatewaySecrets.ShownLength],
                Scope = "endpoint",
                Endpoint = e.Name,
                CreatedAt = e.CreatedAt,
                LastUsedAt = LastUse(used, Caller.Of(e)),
            }),
        ];
        return Answers.Json(keys, ServerlessJson.Default.IReadOnlyListApiKeyView);
    }

    private static double? LastUse(IReadOnlyDictionary<string, double> uses, Caller caller) => uses.TryGetValue(caller.KeyId, out var at) ? at : null;

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        if (await Body.ReadManagementAsync(context.Request, ServerlessJson.Default.ApiKeyRequest, context.RequestAborted) is not { } given)
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

        var key = GatewaySecrets.NewKey(forEndpoint: scope == "endpoint");
        var row = new ApiKeyRow
        {
            Id = await store.NextAsync("key", context.RequestAborted),
            Hash = KeyRing.Hash(key),
            Prefix = key[..GatewaySecrets.ShownLength],
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

    // An endpoint is never without a key: the next one takes its place, and the original's clients read it from the endpoint.
    private async Task<IResult> RenewAsync(string name, CancellationToken cancellationToken)
    {
        if (directory.Find(name) is not { } endpoint || !await store.UpdateEndpointAsync(endpoint with { KeyNumber = endpoint.KeyNumber + 1 }, cancellationToken))
        {
            return Answers.Failure(StatusCodes.Status404NotFound, "no_such_endpoint", $"There is no endpoint '{name}'; 'comfyserve endpoints list' lists them");
        }

        await directory.RenewAsync(cancellationToken);
        return Answers.Done();
    }

    private ApiKeyView View(ApiKeyRow row, string? key) => new()
    {
        Id = row.Id,
        Key = key,
        Name = row.Name,
        Prefix = row.Prefix,
        Permissions = row.Permissions is null ? null : JsonElement.Parse(row.Permissions),
        Scope = row.Scope,
        Endpoint = row.EndpointId is { } id ? directory.Find(id)?.Name : null,
        CreatedAt = row.CreatedAt,
    };
}
