namespace ComfyServe.Provisioning.Downloads;

/// <summary>
/// Keeps two processes (and two downloads of one process) from fetching the same file at once: an exclusively opened file
/// beside the destination, so that containers that share a volume of models see it too. The kernel frees it when a process dies.
/// </summary>
internal sealed class DestinationLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    /// <summary>Linux's EWOULDBLOCK, which .NET reports for a file that another holder has locked.</summary>
    private const int WouldBlock = 11;

    private readonly FileStream _held;
    private readonly string _path;

    private DestinationLock(FileStream held, string path)
    {
        _held = held;
        _path = path;
    }

    /// <summary>Waits for the lock of <paramref name="destination"/>; null where it was not free within the timeout.</summary>
    public static async Task<DestinationLock?> AcquireAsync(string destination, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetDirectoryName(destination)!, $".{Path.GetFileName(destination)}.lock");
        var started = time.GetTimestamp();
        while (true)
        {
            if (TryAcquire(path) is { } held)
            {
                return held;
            }

            if (time.GetElapsedTime(started) > timeout)
            {
                return null;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        // Removed while it is held: a waiter that had opened this very file sees that the path holds another one now.
        File.Delete(_path);
        _held.Dispose();
    }

    private static DestinationLock? TryAcquire(string path)
    {
        FileStream? held = null;
        try
        {
            held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            // The former holder may have removed the path between our opening and our locking; then we hold a nameless file.
            var name = new FileInfo($"/proc/self/fd/{held.SafeFileHandle.DangerousGetHandle()}").LinkTarget;
            if (name?.EndsWith(" (deleted)", StringComparison.Ordinal) == false)
            {
                var result = new DestinationLock(held, path);
                held = null;
                return result;
            }

            return null;
        }
        catch (IOException exception) when (exception.HResult == WouldBlock)
        {
            return null;
        }
        finally
        {
            held?.Dispose();
        }
    }
}
