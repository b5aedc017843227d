using ComfyServe.Contracts.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;

namespace ComfyServe.Api.Requests;

/// <summary>Describes the payload in the OpenAPI document. The routes read it themselves, so that mistakes are reported as the original does.</summary>
internal static class PayloadDocs
{
    /// <summary>Documents that a route takes a <see cref="GenerateRequest"/>.</summary>
    public static RouteHandlerBuilder TakesPayload(this RouteHandlerBuilder route) => route.AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(GenerateRequest), cancellationToken: cancellationToken);
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } },
        };
    });
}
