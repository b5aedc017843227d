using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Endpoints;

/// <summary>Looks once a second whether another gateway has changed the store, and saves every ten seconds when keys were used.</summary>
internal sealed partial class DirectoryLoop(EndpointDirectory directory, KeyUses uses, IGatewayStore store, TimeProvider time, ILogger<DirectoryLoop> logger) : BackgroundService
{
    private const int SaveUsesEvery = 10;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            for (var turn = 1; await timer.WaitForNextTickAsync(stoppingToken); turn++)
            {
                try
                {
                    await directory.RenewAsync(stoppingToken);
                    if (turn % SaveUsesEvery == 0)
                    {
                        await uses.SaveAsync(store, stoppingToken);
                    }
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
