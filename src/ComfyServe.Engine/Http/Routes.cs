using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary>Adds routes the way ComfyUI has them: each also under <c>/api</c>, and <c>HEAD</c> wherever there is <c>GET</c>.</summary>
internal static class Routes
{
    private static readonly string[] GetMethods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds a route under both prefixes.</summary>
    public static void MapBoth(this IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate handler)
    {
        routes.MapOne(method, pattern, handler);
        routes.MapOne(method, "/api" + pattern, handler);
    }

    /// <summary>Adds a route under its own path alone.</summary>
    public static void MapOne(this IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate handler) =>
        routes.MapMethods(pattern, method == HttpMethods.Get ? GetMethods : [method], handler);

    /// <summary>A value of the path.</summary>
    public static string Segment(HttpContext context, string name) => (string?)context.Request.RouteValues[name] ?? "";

    /// <summary>A value of the query; null when it is not there.</summary>
    public static string? Query(HttpContext context, string name) => context.Request.Query.TryGetValue(name, out var values) ? values[0] ?? "" : null;
}
