using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>
/// A worker's report (<c>POST /worker_status/</c>). Every member is optional and unknown ones are kept, since the
/// original's revisions differ; <c>new_load</c>, <c>rej_load</c> and <c>cur_perf</c> are amounts since the last accepted report.
/// </summary>
public sealed record WorkerStatus
{
    /// <summary>The worker's id.</summary>
    [JsonPropertyName("id")]
    [JsonConverter(typeof(LooseInt64Converter))]
    public long Id { get; init; }

    /// <summary>The worker's token: its only credential here.</summary>
    [JsonPropertyName("mtoken")]
    public string? Mtoken { get; init; }

    /// <summary>Version of the sender.</summary>
    [JsonPropertyName("version")]
    public string? Version { get; init; }

    /// <summary>Seconds from process start to ready; 0 until ready.</summary>
    [JsonPropertyName("loadtime")]
    public double? Loadtime { get; init; }

    /// <summary>Load that runs or is queued at the worker now.</summary>
    [JsonPropertyName("cur_load")]
    public double? CurLoad { get; init; }

    /// <summary>Load refused since the last report.</summary>
    [JsonPropertyName("rej_load")]
    public double? RejLoad { get; init; }

    /// <summary>Load received less load cancelled since the last report.</summary>
    [JsonPropertyName("new_load")]
    public double? NewLoad { get; init; }

    /// <summary>Empty, or why the worker is broken. Sticky: only a restart clears it.</summary>
    [JsonPropertyName("error_msg")]
    public string? ErrorMsg { get; init; }

    /// <summary>Load units per second in the benchmark; 0 until ready.</summary>
    [JsonPropertyName("max_perf")]
    public double? MaxPerf { get; init; }

    /// <summary>Load served since the last report: an amount, not a rate.</summary>
    [JsonPropertyName("cur_perf")]
    public double? CurPerf { get; init; }

    /// <summary>Always 0.</summary>
    [JsonPropertyName("cur_capacity")]
    public double? CurCapacity { get; init; }

    /// <summary>Always 0.</summary>
    [JsonPropertyName("max_capacity")]
    public double? MaxCapacity { get; init; }

    /// <summary>Requests and sessions in work.</summary>
    [JsonPropertyName("num_requests_working")]
    public double? NumRequestsWorking { get; init; }

    /// <summary>Different tickets seen since process start (spelled so on the wire).</summary>
    [JsonPropertyName("num_requests_recieved")]
    public double? NumRequestsReceived { get; init; }

    /// <summary>GiB of disk used more than at the last report.</summary>
    [JsonPropertyName("additional_disk_usage")]
    public double? AdditionalDiskUsage { get; init; }

    /// <summary>Requests that run or are queued at the worker.</summary>
    [JsonPropertyName("working_request_idxs")]
    public IReadOnlyList<long>? WorkingRequestIdxs { get; init; }

    /// <summary>The worker's advertised base URL; tickets are signed over it.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary>What only our own workers say.</summary>
    [JsonPropertyName("comfyserve")]
    public WorkerStatusExtension? Extension { get; init; }

    /// <summary>Members that this version does not know.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extra { get; set; }
}
