using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Storage;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>Lets through whoever may use the endpoint that the path names, and hands the endpoint on.</summary>
internal sealed class EndpointFilter(Callers callers, EndpointDirectory directory) : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (callers.Find(http, null) is not { } caller)
        {
            return Answers.Failure(StatusCodes.Status401Unauthorized, "auth_error", "No valid API key: send it as 'Authorization: Bearer KEY'");
        }

        var name = http.Request.RouteValues["name"] as string ?? "";
        if (directory.Find(name) is not { } endpoint || !caller.MayUse(endpoint.Id))
        {
            return Answers.Failure(StatusCodes.Status404NotFound, "no_such_endpoint", $"There is no endpoint '{name}' that this key may use");
        }

        if (!await callers.MayRouteAsync(caller, TimeSpan.FromSeconds(10), http.RequestAborted))
        {
            return Answers.Failure(StatusCodes.Status429TooManyRequests, "too_many_requests", "API requests too frequent: wait a second and try again");
        }

        http.Items[typeof(EndpointRow)] = endpoint;
        http.Items[typeof(Caller)] = caller;
        return await next(context);
    }

    /// <summary>The endpoint of a request that was let through.</summary>
    public static EndpointRow Of(HttpContext context) => (EndpointRow)context.Items[typeof(EndpointRow)]!;

    /// <summary>Who sent it.</summary>
    public static Caller CallerOf(HttpContext context) => (Caller)context.Items[typeof(Caller)]!;
}
