using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Worker;

/// <summary>A clean end: take nothing new, let what runs finish, and tell the gateway of it before the process goes.</summary>
internal sealed class Farewell(Readiness readiness, ReportLoop reports, EndedLoop ended, WorkerAddress address) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.Drain(true);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (address.Url is null)
        {
            return; // it never listened
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await ended.TellAsync(patience.Token);
            await reports.ReportAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The gateway finds out by itself that the worker is gone.
        }
    }
}
