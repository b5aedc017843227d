using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Worker.Reporting;

/// <summary>Tells the gateway that the worker could not start: otherwise it would wait for it until a deadline.</summary>
public static class LaunchFailure
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Reports the failure every ten seconds, as the original does, until cancelled.</summary>
    /// <param name="options">The worker's settings.</param>
    /// <param name="reason">Why it could not start.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the reports.</param>
    public static async Task ReportAsync(WorkerOptions options, string reason, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var gateway = new GatewayClient(options);
        while (true)
        {
            await PostAsync(gateway, options, reason, cancellationToken);
            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    /// <summary>Reports the failure once: whatever started this worker starts it again.</summary>
    /// <param name="options">The worker's settings.</param>
    /// <param name="reason">Why it ended.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task ReportOnceAsync(WorkerOptions options, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var gateway = new GatewayClient(options);
        await PostAsync(gateway, options, reason, cancellationToken);
    }

    private static Task<GatewayAnswer> PostAsync(GatewayClient gateway, WorkerOptions options, string reason, CancellationToken cancellationToken)
    {
        var status = new WorkerStatus
        {
            Id = options.Id,
            Mtoken = options.Mtoken,
            Version = StatusWriter.ProtocolVersion,
            Loadtime = 0,
            ErrorMsg = $"Worker Server failed to launch: {reason}",
            Url = options.PublicUrl?.AbsoluteUri.TrimEnd('/') ?? "",
        };
        return gateway.PostAsync("/worker_status/", status, ServerlessJson.Default.WorkerStatus, skips: null, cancellationToken);
    }
}
