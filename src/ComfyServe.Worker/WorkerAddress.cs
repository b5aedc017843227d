namespace ComfyServe.Worker;

/// <summary>Where clients reach the worker: known once it listens, since the port may have been chosen by the system.</summary>
internal sealed class WorkerAddress
{
    private readonly TaskCompletionSource<string> _known = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Written once by the server, read by reports and tickets.
    private volatile string? _url;

    /// <summary>Ends when the worker listens.</summary>
    public Task<string> Known => _known.Task;

    /// <summary>The base URL without a slash at the end, or null before the worker listens.</summary>
    public string? Url => _url;

    /// <summary>The worker listens.</summary>
    public void Set(string url)
    {
        _url = url.TrimEnd('/');
        _known.TrySetResult(_url);
    }
}
