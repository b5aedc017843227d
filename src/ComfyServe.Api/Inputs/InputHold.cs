namespace ComfyServe.Api.Inputs;

/// <summary>A job's hold on a cached file: until disposed, the file stays.</summary>
internal sealed class InputHold(CachedFile file, string path, Action release) : IDisposable
{
    private int _released;

    /// <summary>What it is.</summary>
    public CachedFile File { get; } = file;

    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            release();
        }
    }
}
