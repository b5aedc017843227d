using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Worker.Sessions;

/// <summary>What a client asks for when it opens a session.</summary>
/// <param name="Lifetime">Seconds until it ends, and that each request adds.</param>
/// <param name="OnCloseRoute">Route of the API service to tell of the end.</param>
/// <param name="OnClosePayload">What to tell it.</param>
internal sealed record SessionWishes(double Lifetime, string? OnCloseRoute, JsonNode? OnClosePayload)
{
    private const double StandardLifetime = 60;

    /// <summary>Reads them from a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="longest">The longest lifetime that is allowed.</param>
    /// <param name="mistakes">What is wrong.</param>
    /// <returns>The wishes, or null and what is wrong with them.</returns>
    public static SessionWishes? Read(ReadOnlyMemory<byte> payload, TimeSpan longest, out JsonObject mistakes)
    {
        mistakes = [];
        try
        {
            return Read(payload, longest, mistakes);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // A member that comes twice, or a text that is no Unicode.
            mistakes["payload"] = "has a member twice, or a text with half a character";
            return null;
        }
    }

    private static SessionWishes? Read(ReadOnlyMemory<byte> payload, TimeSpan longest, JsonObject mistakes)
    {
        var wishes = JsonNode.Parse(payload.Span, documentOptions: new JsonDocumentOptions { MaxDepth = 128 })!.AsObject();
        var lifetime = StandardLifetime;
        if (wishes["lifetime"] is { } given && !(given is JsonValue number && number.TryGetValue(out lifetime) && lifetime > 0 && lifetime <= longest.TotalSeconds))
        {
            mistakes["lifetime"] = $"must be a number of seconds above 0 and up to {longest.TotalSeconds:0.###}, this worker's WORKER_MAX_SESSION_LIFETIME";
        }

        string? route = null;
        if (wishes["on_close_route"] is { } path && !(path is JsonValue text && text.TryGetValue(out route) && IsRoute(route)))
        {
            mistakes["on_close_route"] = "must be a path that begins with one '/'";
        }

        return mistakes.Count > 0 ? null : new SessionWishes(lifetime, route, wishes["on_close_payload"]?.DeepClone());
    }

    // A path on the API service, and nothing that could lead anywhere else.
    private static bool IsRoute(string route) =>
        route is ['/', ..] and not ['/', '/', ..] && route.Length <= 1024 && route.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~');
}
