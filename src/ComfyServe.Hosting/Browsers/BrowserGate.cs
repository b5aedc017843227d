using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Hosting.Browsers;

/// <summary>Refuses what web pages of other sites must not do, before anything else looks at the request.</summary>
public static class BrowserGate
{
    /// <summary>Answers 403 by <paramref name="refuse"/>, or runs the rest.</summary>
    /// <param name="app">The service.</param>
    /// <param name="rules">What is refused.</param>
    /// <param name="refuse">Writes the answer with its text, in the service's own form.</param>
    public static IApplicationBuilder UseBrowserGate(this IApplicationBuilder app, BrowserRules rules, Func<HttpContext, string, Task> refuse) =>
        app.Use((context, next) => rules.Problem(context.Request) is { } problem ? refuse(context, problem) : next(context));
}
