using System.Text.Json.Serialization;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Run;

/// <summary>One event of <c>POST /generate/stream</c>; fields that this program does not show are left out.</summary>
internal sealed record RunEvent
{
    [JsonPropertyName("request_id")]
    public string? RequestId { get; init; }

    [JsonPropertyName("status")]
    public string Status { get; init; } = "";

    [JsonPropertyName("message")]
    public string? Message { get; init; }

    /// <summary>The node that works.</summary>
    [JsonPropertyName("node_id")]
    public string? NodeId { get; init; }

    /// <summary>Steps of that node done.</summary>
    [JsonPropertyName("value")]
    public double? Value { get; init; }

    /// <summary>Steps of that node in all.</summary>
    [JsonPropertyName("max")]
    public double? Max { get; init; }

    /// <summary>Share of the whole run, 0 to 100.</summary>
    [JsonPropertyName("overall_percentage")]
    public double? Percentage { get; init; }

    /// <summary>The whole answer; only in the last event, whose status is <c>final_result</c>.</summary>
    [JsonPropertyName("result")]
    public GenerateResult? Result { get; init; }
}
