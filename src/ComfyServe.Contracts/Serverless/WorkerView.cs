using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>A worker as <c>/get_endpoint_workers/</c> lists it.</summary>
public sealed record WorkerView
{
    /// <summary>The worker's id.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    /// <summary>State in lower case: <c>creating</c>, <c>loading</c>, <c>model_loading</c>, <c>idle</c>, <c>stopped</c>, <c>error</c>, ….</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>Load in work or assigned, per second of the last minute's rate.</summary>
    [JsonPropertyName("cur_load")]
    public double CurLoad { get; init; }

    /// <summary>Load received lately, per second.</summary>
    [JsonPropertyName("new_load")]
    public double NewLoad { get; init; }

    /// <summary>Smoothed <see cref="CurLoad"/>.</summary>
    [JsonPropertyName("cur_load_rolling_avg")]
    public double CurLoadRollingAvg { get; init; }

    /// <summary>Load served lately, per second.</summary>
    [JsonPropertyName("cur_perf")]
    public double CurPerf { get; init; }

    /// <summary>Load units per second that routing counts on: measured by the benchmark, corrected by real requests.</summary>
    [JsonPropertyName("perf")]
    public double Perf { get; init; }

    /// <summary>Load units per second in the benchmark.</summary>
    [JsonPropertyName("measured_perf")]
    public double MeasuredPerf { get; init; }

    /// <summary>Kept for clients of the original; equals <see cref="MeasuredPerf"/>.</summary>
    [JsonPropertyName("dlperf")]
    public double DlPerf { get; init; }

    /// <summary>Share of requests that did not fail, 0 to 1.</summary>
    [JsonPropertyName("reliability")]
    public double Reliability { get; init; } = 1;

    /// <summary>Reported disk use in GB.</summary>
    [JsonPropertyName("disk_usage")]
    public double DiskUsage { get; init; }

    /// <summary>When the worker became ready, Unix seconds, 0 if never.</summary>
    [JsonPropertyName("loaded_at")]
    public double LoadedAt { get; init; }

    /// <summary>When the worker was started, Unix seconds.</summary>
    [JsonPropertyName("started_at")]
    public double StartedAt { get; init; }

    /// <summary>Requests in work.</summary>
    [JsonPropertyName("reqs_working")]
    public int ReqsWorking { get; init; }

    /// <summary>The worker's URL.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary>Why it is in error.</summary>
    [JsonPropertyName("error_msg")]
    public string? ErrorMsg { get; init; }

    /// <summary>The workergroup it belongs to.</summary>
    [JsonPropertyName("workergroup_id")]
    public long? WorkergroupId { get; init; }
}
