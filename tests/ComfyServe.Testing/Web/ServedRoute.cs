using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Testing.Web;

/// <summary>One method of one route of a running server: what a test of all routes goes through, so that a new one is in it.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Pattern">Path with parameters.</param>
public sealed record ServedRoute(string Method, RoutePattern Pattern)
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    /// <summary>Every route that a server has, as its routing knows them.</summary>
    /// <param name="services">The services of the server, which listens.</param>
    public static IReadOnlyList<ServedRoute> Of(IServiceProvider services) =>
    [
        .. services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods ? methods : Methods).Select(m => new ServedRoute(m, e.RoutePattern))),
    ];

    /// <summary>The route's paths with all values of its parameters.</summary>
    /// <param name="values">What each parameter may name, by its name.</param>
    /// <exception cref="InvalidOperationException">The route has a parameter that is not among them.</exception>
    public IReadOnlyList<string> Paths(IReadOnlyDictionary<string, string[]> values)
    {
        List<string> paths = [""];
        foreach (var segment in Pattern.PathSegments)
        {
            paths = [.. paths.Select(p => p + "/")];
            foreach (var part in segment.Parts)
            {
                var choices = part switch
                {
                    RoutePatternLiteralPart literal => [literal.Content],
                    RoutePatternSeparatorPart separator => [separator.Content],
                    RoutePatternParameterPart parameter => Values(parameter, values),
                    _ => throw new InvalidOperationException($"route {this} has a part of an unknown kind"),
                };
                paths = [.. paths.SelectMany(p => choices.Select(c => p + c))];
            }
        }

        return Pattern.RawText is ['/', .., '/'] ? [.. paths.Select(p => p + "/")] : Pattern.PathSegments.Count == 0 ? ["/"] : paths;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Pattern.RawText}";

    private string[] Values(RoutePatternParameterPart parameter, IReadOnlyDictionary<string, string[]> values)
    {
        if (!values.TryGetValue(parameter.Name, out var found))
        {
            throw new InvalidOperationException(
                $"Route '{this}' has the parameter '{parameter.Name}', which this test does not know. Add it to the test's table of parameters: with the values that name objects "
                + "of the other owner, if it names such objects, or with any value if what it names is nobody's");
        }

        return parameter.ParameterPolicies.Any(p => p.Content is "long" or "int") ? [.. found.Where(v => long.TryParse(v, out _))] : [.. found.Select(v => parameter.IsCatchAll ? v : Uri.EscapeDataString(v))];
    }
}
