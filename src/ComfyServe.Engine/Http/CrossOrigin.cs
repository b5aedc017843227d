using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Http;

/// <summary>Lets pages of an origin, or of all, call the engine; in place of <see cref="OriginCheck"/>.</summary>
internal sealed class CrossOrigin(RequestDelegate next, EngineOptions options)
{
    /// <summary>Adds the headers, and answers <c>OPTIONS</c>.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = options.AllowedOrigin;
        headers.AccessControlAllowMethods = "POST, GET, DELETE, PUT, OPTIONS";
        headers.AccessControlAllowHeaders = "Content-Type, Authorization";
        headers.AccessControlAllowCredentials = "true";
        return HttpMethods.IsOptions(context.Request.Method) ? Reply.EmptyAsync(context) : next(context);
    }
}
