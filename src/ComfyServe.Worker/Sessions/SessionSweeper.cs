using Microsoft.Extensions.Hosting;

namespace ComfyServe.Worker.Sessions;

/// <summary>Closes sessions whose time is over.</summary>
internal sealed class SessionSweeper(SessionTable sessions, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await Task.WhenAll(sessions.Expired().Select(s => sessions.CloseAsync(s, stoppingToken)));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }
}
