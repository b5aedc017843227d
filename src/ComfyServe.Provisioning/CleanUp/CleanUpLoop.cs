using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Provisioning.CleanUp;

/// <summary>Cleans every minute, as long as its host runs. A failure is logged and the next round comes.</summary>
public sealed partial class CleanUpLoop(Cleaner cleaner, CleanUpRules rules, TimeProvider time, ILogger<CleanUpLoop> logger) : BackgroundService
{
    /// <summary>Ten minutes, as the original's, may be too late for a disk that fills fast; a round that has nothing to do asks for the free space alone.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (rules.HighMark is { } high)
        {
            Log.YoungToo(logger, rules.MaxAge.TotalHours, high);
        }

        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await cleaner.RunAsync(dryRun: false, stoppingToken);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Log.Failed(logger, exception);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7023, LogLevel.Information, "Clean-up deletes files younger than {Hours} h too, the oldest first, until {High} bytes are free: CLEANUP_HIGH_MB asks for it")]
        public static partial void YoungToo(ILogger logger, double hours, long high);

        [LoggerMessage(7022, LogLevel.Error, "Clean-up failed; trying again in a minute")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
