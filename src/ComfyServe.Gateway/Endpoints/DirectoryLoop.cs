using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>Looks once a second whether another gateway has changed the store.</summary>
internal sealed partial class DirectoryLoop(EndpointDirectory directory, TimeProvider time, ILogger<DirectoryLoop> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await directory.RenewAsync(stoppingToken);
                }
                catch (Exception error) when (error is System.Data.Common.DbException or TimeoutException or IOException)
                {
                    Log.RenewFailed(logger, error);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4202, Level = LogLevel.Warning, Message = "The store does not answer; the gateway goes on with what it knows")]
        public static partial void RenewFailed(ILogger logger, Exception error);
    }
}
