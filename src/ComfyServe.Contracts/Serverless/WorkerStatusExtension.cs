using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>What our own workers add to a report (<c>comfyserve</c>); its presence promises a report at least every second.</summary>
public sealed record WorkerStatusExtension
{
    /// <summary>A new text for each start of the process, so that a restart is seen.</summary>
    [JsonPropertyName("boot_id")]
    public string? BootId { get; init; }

    /// <summary>Counts the reports of one process from 1: a gateway ignores one that came late or twice.</summary>
    [JsonPropertyName("sequence")]
    public long Sequence { get; init; }

    /// <summary>Expected seconds of queue above which the worker refuses.</summary>
    [JsonPropertyName("max_queue_time")]
    public double? MaxQueueTime { get; init; }

    /// <summary>Requests that run at the same time; 1 for ComfyUI.</summary>
    [JsonPropertyName("parallel_requests")]
    public int? ParallelRequests { get; init; }

    /// <summary>Load units per second now: the benchmark's result, corrected by the times of real jobs.</summary>
    [JsonPropertyName("perf")]
    public double? Perf { get; init; }

    /// <summary>The worker takes no new requests: it drains before an update or a stop.</summary>
    [JsonPropertyName("draining")]
    public bool? Draining { get; init; }

    /// <summary>Those of <c>working_request_idxs</c> that are open sessions: they only keep a place.</summary>
    [JsonPropertyName("session_request_idxs")]
    public IReadOnlyList<long>? SessionRequestIdxs { get; init; }

    /// <summary>Version of the workergroup's template that the worker runs.</summary>
    [JsonPropertyName("template_version")]
    public string? TemplateVersion { get; init; }

    /// <summary>Members that this version does not know.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Extra { get; set; }
}
