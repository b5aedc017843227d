namespace ComfyServe.Api.Inputs;

/// <summary>Limits of the files that requests bring along.</summary>
public sealed class InputOptions
{
    /// <summary>Largest file, bytes. Default 512 MiB.</summary>
    public long MaxBytes { get; set; } = 512L << 20;

    /// <summary>Most files of one request. Default 64.</summary>
    public int MaxCount { get; set; } = 64;

    /// <summary>Most pixels of an image. Default 300 million.</summary>
    public long MaxPixels { get; set; } = 300_000_000;

    /// <summary>How long one file may take to fetch. Default 5 min.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a connection may take. Default 10 s.</summary>
    public TimeSpan Connect { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most redirects that are followed. Default 5.</summary>
    public int MaxRedirects { get; set; } = 5;

    /// <summary>Files fetched at the same time, over all requests. Default 16.</summary>
    public int MaxFetches { get; set; } = 16;

    /// <summary>Size of the cache, bytes; the least recently used files go first. Default 4 GiB.</summary>
    public long CacheBytes { get; set; } = 4L << 30;
}
