using ComfyServe.Hosting.Outbound;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>
/// Fetches one file: waits for its lock, keeps what is right, continues what is half there, tries again while that can help.
/// At the destination there is either what was there before or the whole checked file, at any moment.
/// </summary>
internal sealed partial class FileDownloader(
    ContentClient client,
    VerifiedFiles verified,
    DownloadOptions options,
    TimeProvider time,
    Random random,
    ILogger<FileDownloader> logger)
{
    private const int NoSpaceLeft = 28; // ENOSPC

    /// <summary>Attempts in all, those with progress included: a server that drops every connection ends some day.</summary>
    private const int MostAttempts = 200;

    /// <summary>Fetches the file and says how it ended; throws only when cancelled.</summary>
    public async Task<DownloadResult> DownloadAsync(DownloadRequest request, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var run = new DownloadRun(request, progress);
        var destination = request.IntoFolder ? null : request.Destination;
        try
        {
            // 1. Where the server names the file, ask for the name first: the lock needs it.
            destination ??= await RetryAsync(run, () => NameAsync(run, cancellationToken), cancellationToken);
            Directory.CreateDirectory(Path.GetDirectoryName(destination)!);

            // 2. One at a time for a destination, across processes.
            using var held = await DestinationLock.AcquireAsync(destination, options.LockTimeout, time, cancellationToken);
            if (held is null)
            {
                return run.Failed(destination, DownloadError.DestinationBusy, $"another process has been fetching '{destination}' for more than {options.LockTimeout}");
            }

            // 3. What is right is not fetched again.
            if (await IsThereAsync(run, destination, cancellationToken))
            {
                return run.Done(destination, DownloadOutcome.AlreadyThere, request.Sha256 is not null);
            }

            // 4. Attempts, until the checked file is in its place.
            await RetryAsync(run, () => TransferAsync(run, destination, cancellationToken), cancellationToken);
            if (run.Sha256 is { } digest)
            {
                verified.Remember(destination, digest);
            }

            Log.Fetched(logger, destination, run.Transferred, run.Resumed, run.Attempts);
            return run.Done(destination, DownloadOutcome.Downloaded, run.Sha256 is not null);
        }
        catch (DownloadException exception)
        {
            return run.Failed(destination, exception.Error, $"'{ShownUrl.Of(request.Url)}': {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var error = exception.HResult == NoSpaceLeft ? DownloadError.NoSpace : DownloadError.BadDestination;
            return run.Failed(destination, error, $"'{destination ?? request.Destination}' cannot be written: {exception.Message}");
        }
    }

    /// <summary>Whether the file is there and, as far as size and digest are known, right.</summary>
    public async Task<bool> IsRightAsync(DownloadRequest request, CancellationToken cancellationToken) =>
        !request.IntoFolder && await IsThereAsync(new DownloadRun(request, null), request.Destination, cancellationToken);

    private async Task<bool> IsThereAsync(DownloadRun run, string destination, CancellationToken cancellationToken)
    {
        var file = new FileInfo(destination);
        if (!file.Exists || (run.Request.Size is { } size && size != file.Length) || (run.Request is { Replace: true, Sha256: null }))
        {
            return false;
        }

        return run.Request.Sha256 is not { } digest || digest == await verified.DigestAsync(destination, cancellationToken);
    }

    private async Task<string> NameAsync(DownloadRun run, CancellationToken cancellationToken)
    {
        var url = run.Request.Url;
        run.Attempts++;
        using var response = await client.GetAsync(url, null, run.Stated.Read, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw RefusedAnswer.From(response, url, client.HasToken(url), time);
        }

        var name = DestinationName.Of(response.Content.Headers.ContentDisposition, url)
            ?? throw new DownloadException(DownloadError.BadDestination, "neither the server nor the URL gives a usable file name; name the file in the destination");
        return Path.Combine(run.Request.Destination, name);
    }

    private async Task<bool> TransferAsync(DownloadRun run, string destination, CancellationToken cancellationToken)
    {
        await new TransferAttempt(client, options, time, run, destination).RunAsync(cancellationToken);
        return true;
    }

    private async Task<T> RetryAsync<T>(DownloadRun run, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        var plan = new RetryPlan(options.MaxAttempts, options.FirstDelay, options.DelayFactor);
        var (failures, wrong) = (0, 0);
        while (true)
        {
            var before = run.Transferred;
            try
            {
                return await attempt();
            }
            catch (DownloadException exception) when (exception.IsTransient && run.Attempts < MostAttempts)
            {
                // New bytes that are kept are progress; wrong ones are not.
                var progressed = exception.Error == DownloadError.ConnectionLost && run.Transferred > before;
                failures = progressed ? 1 : failures + 1;
                wrong += exception.IsWrongContent ? 1 : 0;
                var next = plan.Next(failures, exception.RetryAfter, random.NextDouble());
                if (wrong > 1 || next is not { } delay)
                {
                    throw;
                }

                Log.Retrying(logger, ShownUrl.Of(run.Request.Url), exception.Message, delay.TotalSeconds);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7001, LogLevel.Information, "Fetched '{Path}': {Transferred} bytes transferred, {Resumed} resumed, {Attempts} attempts")]
        public static partial void Fetched(ILogger logger, string path, long transferred, long resumed, int attempts);

        [LoggerMessage(7002, LogLevel.Warning, "'{Url}': {Problem}; trying again in {Seconds:0.0} s")]
        public static partial void Retrying(ILogger logger, string url, string problem, double seconds);
    }
}
