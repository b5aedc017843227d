using System.Buffers;
using System.Net;
using System.Security.Cryptography;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>One attempt at the content of a file: continues what is there, checks the whole, moves it to its place.</summary>
internal sealed class TransferAttempt(ContentClient client, DownloadOptions options, TimeProvider time, DownloadRun run, string destination)
{
    private const int BufferSize = 128 << 10;
    private readonly PartialFile _partial = new(run.Request, destination);
    private readonly string _name = Path.GetFileName(destination);

    /// <summary>Fetches, checks and commits. Throws <see cref="DownloadException"/> or an I/O error of the file system.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var offset = _partial.Resumable();
        var known = _partial.State;
        if (offset == 0 || offset != (known?.Total ?? run.Size))
        {
            var wish = offset > 0 ? new RangeWish(offset, known?.EntityTag, known?.LastModified) : null;
            run.Attempts++;
            using var response = await client.GetAsync(run.Request.Url, wish, run.Stated.Read, cancellationToken);
            offset = Begin(response, offset);
            await CopyAsync(response, offset, cancellationToken);
        }
        else
        {
            // Everything was here already: the process died between the last byte and the move.
            run.Resumed += offset;
        }

        await CheckAsync(cancellationToken);
        _partial.Commit();
    }

    /// <summary>Where the answer's bytes belong. Refuses answers that cannot become the wanted file before reading them.</summary>
    private long Begin(HttpResponseMessage response, long offset)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent && offset > 0)
        {
            var range = response.Content.Headers.ContentRange;
            if (range?.From != offset || (_partial.State?.Total is { } before && range.Length is { } now && before != now))
            {
                _partial.Discard();
                throw new DownloadException(DownloadError.ConnectionLost, "the server continued at another place than asked; starting over");
            }

            run.Resumed += offset;
            CheckRoom(range.Length - offset);
            return offset;
        }

        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && offset > 0)
        {
            _partial.Discard();
            throw new DownloadException(DownloadError.ConnectionLost, "the file became shorter on the server; starting over");
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw RefusedAnswer.From(response, run.Request.Url, client.HasToken(run.Request.Url), time);
        }

        var length = response.Content.Headers.ContentLength;
        if (length is not null && run.Size is not null && length != run.Size)
        {
            throw new DownloadException(DownloadError.WrongSize, $"the server offers {length} bytes, wanted are {run.Size}");
        }

        CheckRoom(length ?? run.Size);
        var tag = response.Headers.ETag is { IsWeak: false } strong ? strong.Tag : null;
        File.Delete(_partial.Path);
        _partial.Begin(tag, response.Content.Headers.LastModified, length ?? run.Size);
        return 0;
    }

    private async Task CopyAsync(HttpResponseMessage response, long offset, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var file = new FileStream(_partial.Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous);
            file.SetLength(offset);
            file.Position = offset;
            patience.CancelAfter(options.StallTimeout);
            await using var content = await response.Content.ReadAsStreamAsync(both.Token);
            int read;
            while ((read = await content.ReadAsync(buffer.AsMemory(0, BufferSize), both.Token)) > 0)
            {
                await file.WriteAsync(buffer.AsMemory(0, read), both.Token);
                run.Transferred += read;
                CheckLength(file.Position);
                patience.CancelAfter(options.StallTimeout);
                run.Report(_name, file.Position, _partial.State?.Total);
            }

            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            file.Flush(flushToDisk: true);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"no bytes for {options.StallTimeout.TotalSeconds} s");
        }
        catch (HttpIOException exception)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"the connection broke: {exception.Message}");
        }
        catch (IOException exception) when (exception.InnerException is System.Net.Sockets.SocketException)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"the connection broke: {exception.Message}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var length = new FileInfo(_partial.Path).Length;
        var wanted = run.Size ?? _partial.State?.Total;
        if (wanted is not null && length != wanted)
        {
            _partial.Discard();
            throw new DownloadException(DownloadError.WrongSize, $"got {length} bytes, wanted are {wanted}");
        }

        if (run.Sha256 is not { } digest)
        {
            return;
        }

        await using var file = new FileStream(_partial.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous);
        var found = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        if (found != digest)
        {
            _partial.Discard();
            throw new DownloadException(DownloadError.WrongDigest, $"its SHA-256 is {found}, wanted is {digest}");
        }
    }

    /// <summary>A server that sends more than it said, or more than the disk holds, is cut off.</summary>
    private void CheckLength(long length)
    {
        if ((run.Size ?? _partial.State?.Total) is { } wanted)
        {
            if (length > wanted)
            {
                _partial.Discard();
                throw new DownloadException(DownloadError.WrongSize, $"the server sends more than the {wanted} bytes that are wanted");
            }
        }
        else if (length % (64 << 20) < BufferSize)
        {
            CheckRoom(0);
        }
    }

    private void CheckRoom(long? needed)
    {
        var free = new DriveInfo(Path.GetDirectoryName(destination)!).AvailableFreeSpace;
        if ((needed ?? 0) + options.ReserveBytes > free)
        {
            throw new DownloadException(
                DownloadError.NoSpace,
                $"{needed ?? 0} bytes are needed and {options.ReserveBytes} are kept free, but only {free} are free in '{Path.GetDirectoryName(destination)}'");
        }
    }
}
