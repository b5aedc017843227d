using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A place for a worker that is started by hand: what <c>POST /api/v1/endpoints/{name}/workers</c> answers.</summary>
public sealed record WorkerPlace
{
    /// <summary>The worker's id (the original's <c>CONTAINER_ID</c>).</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    /// <summary>The worker's token (<c>MASTER_TOKEN</c>).</summary>
    [JsonPropertyName("mtoken")]
    public required string Mtoken { get; init; }

    /// <summary>Where it reports (<c>REPORT_ADDR</c>).</summary>
    [JsonPropertyName("report_addr")]
    public required string ReportAddr { get; init; }
}
