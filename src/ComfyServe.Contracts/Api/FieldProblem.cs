using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Api;

/// <summary>One mistake in a request, as FastAPI reports it.</summary>
/// <param name="Type">Kind of mistake, for example <c>missing</c>.</param>
/// <param name="Location">Path to the field, from <c>body</c> on.</param>
/// <param name="Message">What is wrong.</param>
public sealed record FieldProblem(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("loc")] IReadOnlyList<string> Location,
    [property: JsonPropertyName("msg")] string Message);
