using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Http;

/// <summary>Tells browsers that pages of an origin, or of all, may call the engine.</summary>
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
        return AnswerNothingAsync(context, next);
    }

    /// <summary>Answers <c>OPTIONS</c>: without headers of ours, a browser takes that for no.</summary>
    public static Task AnswerNothingAsync(HttpContext context, RequestDelegate next) =>
        HttpMethods.IsOptions(context.Request.Method) ? Reply.EmptyAsync(context) : next(context);
}
