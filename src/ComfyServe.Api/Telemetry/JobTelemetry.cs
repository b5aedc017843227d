using System.Diagnostics;
using System.Diagnostics.Metrics;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Jobs;

namespace ComfyServe.Api.Telemetry;

/// <summary>Measures jobs and their stages. Labels are closed sets: statuses and error codes, never ids.</summary>
internal sealed class JobTelemetry
{
    /// <summary>Name of the meter and of the source of activities.</summary>
    public const string Source = "ComfyServe.Api";

    private static readonly ActivitySource Activities = new(Source);

    private readonly Counter<long> _finished;
    private readonly Histogram<double> _total;
    private readonly Histogram<double> _stages;
    private readonly Counter<long> _bytes;

    public JobTelemetry(IMeterFactory meters, EnginePool pool, JobQueues queues)
    {
        var meter = meters.Create(Source);
        _finished = meter.CreateCounter<long>("comfyserve_jobs_finished", description: "Jobs that ended, by status and error");
        _total = meter.CreateHistogram<double>("comfyserve_job_duration", "s", "From acceptance to the end");
        _stages = meter.CreateHistogram<double>("comfyserve_job_stage_duration", "s", "Time in a stage");
        _bytes = meter.CreateCounter<long>("comfyserve_output_bytes", "By", "Bytes of outputs that were stored");
        meter.CreateObservableGauge("comfyserve_jobs_waiting", () => queues.Sizes().Generation, description: "Jobs that wait for an engine");
        meter.CreateObservableGauge("comfyserve_inputs_waiting", () => queues.Sizes().Preprocess, description: "Inputs that wait to be fetched");
        meter.CreateObservableGauge("comfyserve_engine_available", () => pool.Engines.Select(e => new Measurement<int>(e.IsAvailable ? 1 : 0, new KeyValuePair<string, object?>("engine", e.Name))), description: "Whether an engine takes work");
    }

    /// <summary>Begins the trace of a job or of one of its stages; null where nobody listens.</summary>
    public static Activity? Begin(string name, string requestId)
    {
        var activity = Activities.StartActivity(name);
        activity?.SetTag("comfyserve.request_id", requestId);
        return activity;
    }

    /// <summary>Adds the nodes of a run to its trace, after the fact: they are told by the engine's socket, where no trace is current.</summary>
    public static void Nodes(Activity? run, string requestId, IReadOnlyList<NodeStart> starts, DateTimeOffset ended)
    {
        for (var i = 0; run is not null && i < starts.Count; i++)
        {
            using var node = Activities.StartActivity("node", ActivityKind.Internal, run.Context, startTime: starts[i].At);
            node?.SetTag("comfyserve.request_id", requestId).SetTag("comfyserve.node_id", starts[i].NodeId);
            node?.SetEndTime((i + 1 < starts.Count ? starts[i + 1].At : ended).UtcDateTime);
        }
    }

    /// <summary>Takes note of a job's end.</summary>
    public void Finished(JobSnapshot last)
    {
        _finished.Add(1, new KeyValuePair<string, object?>("status", last.Status), new KeyValuePair<string, object?>("error", last.Error?.Code.ToString() ?? "none"));
        Note(_total, last.Timings.TotalMs, null);
        Note(_stages, last.Timings.PreprocessMs, "preprocess");
        Note(_stages, last.Timings.QueueMs, "queue");
        Note(_stages, last.Timings.GenerationMs, "generation");
        Note(_stages, last.Timings.PostprocessMs, "postprocess");
        _bytes.Add(last.Output.Sum(o => o.UploadError is null ? o.Size ?? 0 : 0));
    }

    private static void Note(Histogram<double> histogram, long? milliseconds, string? stage)
    {
        if (milliseconds is { } value)
        {
            histogram.Record(value / 1000.0, stage is null ? [] : [new KeyValuePair<string, object?>("stage", stage)]);
        }
    }
}
