using ComfyServe.Api.Requests;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ComfyServe.Api.Keys;

/// <summary>Asks every caller for his key, where keys are configured. Signed URLs of files need none: they are their own permission.</summary>
internal sealed class KeyGate(ApiOptions options)
{
    private const string OwnerItem = "comfyserve.owner";

    /// <summary>The name of the caller's key, or null where keys are not asked for.</summary>
    public static string? OwnerOf(HttpContext context) => context.Items.TryGetValue(OwnerItem, out var owner) ? (string?)owner : null;

    /// <summary>Lets a request pass, or refuses it.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments("/files", StringComparison.Ordinal))
        {
            ConnectionBound.AdmitWhenServed(context);
            return next(context);
        }

        if (options.ApiKeys.Count == 0)
        {
            // Whoever brings a body shows that he means it when it is here: RequestReader lets him in then.
            if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
            {
                ConnectionBound.Admit(context);
            }

            return next(context);
        }

        var shown = Shown(context.Request.Headers);
        var key = shown is null ? null : options.ApiKeys.FirstOrDefault(k => k.Matches(shown));
        if (key is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Answers.Text("detail", "An API key is needed: Authorization: Bearer KEY", StatusCodes.Status401Unauthorized).ExecuteAsync(context);
        }

        if (!key.MayRun && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return Answers.Text("detail", "This API key may only read", StatusCodes.Status403Forbidden).ExecuteAsync(context);
        }

        ConnectionBound.Admit(context);
        context.Items[OwnerItem] = key.Name;
        return next(context);
    }

    private static string? Shown(IHeaderDictionary headers)
    {
        const string Scheme = "Bearer ";
        var authorization = headers.Authorization.ToString();
        if (authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return authorization[Scheme.Length..].Trim();
        }

        return headers.TryGetValue("X-API-Key", out var key) ? key.ToString() : null;
    }
}
