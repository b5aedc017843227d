using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>A worker as the gateway sees it.</summary>
/// <param name="Id">Number of the worker.</param>
/// <param name="Status">For example <c>idle</c>, <c>loading</c>, <c>stopped</c>, <c>error</c>.</param>
/// <param name="Perf">Load units per second that it can do.</param>
/// <param name="MeasuredPerf">Load units per second of its benchmark.</param>
/// <param name="CurrentLoad">Load units running or queued on it.</param>
/// <param name="RequestsWorking">Requests running or queued on it.</param>
public sealed record WorkerStatus(long Id, string Status, double Perf, double MeasuredPerf, double CurrentLoad, int RequestsWorking)
{
    internal static WorkerStatus Read(JsonObject worker) => new(
        (long)WireText.Number(worker["id"]),
        worker["status"]?.ToString() ?? "UNKNOWN",
        WireText.Number(worker["perf"]),
        WireText.Number(worker["measured_perf"]),
        WireText.Number(worker["cur_load"]),
        (int)WireText.Number(worker["reqs_working"]));
}
