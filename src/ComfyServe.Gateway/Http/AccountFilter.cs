using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>Lets only the account's keys through, and only as often as they may; for calls whose key is in the header or query.</summary>
internal sealed class AccountFilter(Callers callers) : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var refusal = Refuse(callers, context.HttpContext, null);
        return refusal ?? await next(context);
    }

    /// <summary>Why the caller may not manage the account, or null if it may.</summary>
    public static IResult? Refuse(Callers callers, HttpContext context, string? bodyKey)
    {
        if (callers.Find(context, bodyKey) is not { } caller)
        {
            return Answers.Failure(StatusCodes.Status401Unauthorized, "auth_error", "No valid API key: send it as 'Authorization: Bearer KEY'");
        }

        if (!caller.IsAccount)
        {
            return Answers.Failure(StatusCodes.Status403Forbidden, "auth_error", "This key may only send requests to its endpoint; use the account's key");
        }

        if (!callers.MayCall(caller))
        {
            context.Response.Headers.RetryAfter = "1";
            return Answers.Failure(StatusCodes.Status429TooManyRequests, "too_many_requests", "API requests too frequent: wait a second and try again");
        }

        return null;
    }
}
