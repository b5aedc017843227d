using System.Security.Cryptography;
using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Tickets;

/// <summary>
/// Fetches the gateway's public key at the start, every few minutes, and when a ticket does not verify: a gateway whose key
/// was replaced must not need new workers.
/// </summary>
internal sealed partial class KeyLoop(
    WorkerOptions options, PublicKeys keys, GatewayClient gateway, Readiness readiness, TimeProvider time, ILogger<KeyLoop> logger) : BackgroundService
{
    private const int AttemptsUntilError = 5;
    private static readonly TimeSpan Refresh = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _fetchedAt;

    /// <summary>Ends when there is a key.</summary>
    public Task FirstKey => options.Unsecured ? Task.CompletedTask : _first.Task;

    /// <summary>A ticket did not verify: looks whether the key is another now, unless somebody just looked.</summary>
    /// <returns>Whether it is.</returns>
    public async Task<bool> IsReplacedAsync(CancellationToken cancellationToken)
    {
        if (!keys.Any || time.GetElapsedTime(Volatile.Read(ref _fetchedAt)) < LeastPause || !await _one.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return false;
        }

        try
        {
            using var timeout = new CancellationTokenSource(LongestWait, time);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
            return await FetchAsync(patience.Token) is true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Unsecured)
        {
            Log.Unsecured(logger);
            return;
        }

        try
        {
            for (var failures = 0; ;)
            {
                if (await FetchAsync(stoppingToken) is null)
                {
                    failures++;
                    if (failures == AttemptsUntilError && !keys.Any)
                    {
                        readiness.Report(FaultSource.PublicKey, "Failed to get Serverless public key after all retry attempts");
                    }
                }
                else
                {
                    failures = 0;
                    readiness.Report(FaultSource.PublicKey, null);
                    _first.TrySetResult();
                }

                // 1, 2, 4, 8 s after failures, as the original; unlike it, never give up.
                await Task.Delay(failures == 0 ? Refresh : TimeSpan.FromSeconds(1 << Math.Min(failures - 1, 3)), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    // Null: not to be had.
    private async Task<bool?> FetchAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _fetchedAt, time.GetTimestamp());
        if (await gateway.GetTextAsync("/pubkey/", cancellationToken) is not { } pem)
        {
            return null;
        }

        try
        {
            var replaced = keys.Take(pem);
            if (replaced)
            {
                Log.KeyTaken(logger);
            }

            return replaced;
        }
        catch (CryptographicException error)
        {
            Log.KeyUnreadable(logger, error.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5001, LogLevel.Information, "The gateway's public key is here")]
        public static partial void KeyTaken(ILogger logger);

        [LoggerMessage(5003, LogLevel.Warning, "UNSECURED is set: this worker serves whoever reaches it, without looking at tickets")]
        public static partial void Unsecured(ILogger logger);

        [LoggerMessage(5002, LogLevel.Warning, "The gateway's answer to /pubkey/ is no RSA key: {Reason}")]
        public static partial void KeyUnreadable(ILogger logger, string reason);
    }
}
