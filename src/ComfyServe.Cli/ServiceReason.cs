using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Workflows;

namespace ComfyServe.Cli;

/// <summary>Reads from a service's answer why it refused, in whichever form it says so.</summary>
internal static class ServiceReason
{
    private const int Longest = 500;
    private const int MostProblems = 10;

    /// <summary>The reasons as one text. An answer that has none, such as another program's page, is not shown.</summary>
    public static string Of(string answer) => Read(Parse(answer)) is { Length: > 0 } reason ? Excerpt.Of(reason, Longest) : "it gave no reason";

    private static string? Read(JsonNode? answer) => answer switch
    {
        JsonArray problems => string.Join("; ", problems.Take(MostProblems).Select(Problem).OfType<string>()),
        JsonObject said => Read(said["detail"]) ?? Read(said["message"]) ?? Read(said["msg"]) ?? Read(said["error"]) ?? Read(said["title"]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => null,
    };

    /// <summary>One entry of a list of problems: the place, where it has one, and what is wrong there.</summary>
    private static string? Problem(JsonNode? problem)
    {
        var reason = Read(problem);
        return problem is JsonObject said && said["loc"] is JsonArray place && reason is not null
            ? $"{string.Join('.', place.Select(static p => p?.ToString()))}: {reason}"
            : reason;
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
