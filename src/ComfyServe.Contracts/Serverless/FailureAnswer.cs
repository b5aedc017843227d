using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>The original's error shape; <c>error_msg</c> repeats <c>msg</c> for the calls whose clients read that.</summary>
public sealed record FailureAnswer
{
    /// <summary>Always false.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; }

    /// <summary>A word: <c>invalid_args</c>, <c>auth_error</c>, <c>no_such_workergroup</c>, ….</summary>
    [JsonPropertyName("error")]
    public required string Error { get; init; }

    /// <summary>One sentence: what, which and what next.</summary>
    [JsonPropertyName("msg")]
    public required string Msg { get; init; }

    /// <summary>The sentence again.</summary>
    [JsonPropertyName("error_msg")]
    public string ErrorMsg => Msg;

    /// <summary>The id that was asked for.</summary>
    [JsonPropertyName("id")]
    public long? Id { get; init; }
}
