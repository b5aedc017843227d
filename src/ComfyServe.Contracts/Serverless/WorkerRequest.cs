using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>What a client sends to a worker's route: a ticket and the payload for the API service.</summary>
public sealed record WorkerRequest
{
    /// <summary>The whole route answer.</summary>
    [JsonPropertyName("auth_data")]
    public AuthData? AuthData { get; init; }

    /// <summary>An open session of this worker, or null.</summary>
    [JsonPropertyName("session_id")]
    public string? SessionId { get; init; }

    /// <summary>Sent on as it is.</summary>
    [JsonPropertyName("payload")]
    public JsonElement Payload { get; init; }
}
