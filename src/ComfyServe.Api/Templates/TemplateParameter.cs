using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Templates;

/// <summary>One parameter of a workflow template.</summary>
internal sealed record TemplateParameter
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>string, integer, number, boolean or file (a name, URL, data URI or base64).</summary>
    public required string Type { get; init; }

    /// <summary>For people.</summary>
    public string Description { get; init; } = "";

    /// <summary>Value without one of the request's; null makes it required.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>Least value.</summary>
    public decimal? Min { get; init; }

    /// <summary>Greatest value.</summary>
    public decimal? Max { get; init; }

    /// <summary>The values that it may have; null leaves them free.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Where it goes: node id and input.</summary>
    public required IReadOnlyList<(string Node, string Input)> Targets { get; init; }

    /// <summary>The value to put in, or what is wrong with the request's.</summary>
    public (JsonNode? Value, string? Problem) Read(JsonElement value)
    {
        var (read, problem) = Type switch
        {
            "integer" => Number(value, whole: true),
            "number" => Number(value, whole: false),
            "boolean" => Boolean(value),
            _ => value.ValueKind == JsonValueKind.String ? (JsonValue.Create(value.GetString()), null) : ((JsonNode?)null, "Input should be a valid string"),
        };
        return problem is null && Choices is not null && value.ValueKind == JsonValueKind.String && !Choices.Contains(value.GetString()!, StringComparer.Ordinal)
            ? (null, $"Input should be one of: {string.Join(", ", Choices)}")
            : (read, problem);
    }

    private (JsonNode?, string?) Number(JsonElement value, bool whole)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : value.GetRawText();
        if (value.ValueKind == JsonValueKind.String && text == RandomNumbers.Placeholder)
        {
            return (JsonValue.Create(text), null);
        }

        var kind = whole ? "a valid integer" : "a valid number";
        if (value.ValueKind is not (JsonValueKind.Number or JsonValueKind.String)
            || !decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || (whole && decimal.Truncate(number) != number))
        {
            return (null, $"Input should be {kind}");
        }

        if (number < Min || number > Max)
        {
            return (null, $"Input should be {kind}, {Min?.ToString(CultureInfo.InvariantCulture) ?? "any"} to {Max?.ToString(CultureInfo.InvariantCulture) ?? "any"}");
        }

        // As it was written, so that nothing is rounded.
        return (value.ValueKind == JsonValueKind.Number ? JsonNode.Parse(text) : JsonValue.Create(number), null);
    }

    private static (JsonNode?, string?) Boolean(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => (JsonValue.Create(value.GetBoolean()), null),
        JsonValueKind.String when Flag.TryParse(value.GetString(), out var flag) => (JsonValue.Create(flag), null),
        _ => (null, "Input should be a valid boolean"),
    };
}
