namespace ComfyServe.Provisioning.Downloads;

/// <summary>Limits and patience of downloads.</summary>
public sealed class DownloadOptions
{
    /// <summary>Files fetched at once from Hugging Face. Default 3, 1 to 32.</summary>
    public int HuggingFaceParallelism { get; set; } = 3;

    /// <summary>Files fetched at once from everywhere else. Default 5, 1 to 32.</summary>
    public int Parallelism { get; set; } = 5;

    /// <summary>Attempts in a row that may fail without one new byte. Default 5; the delays between them are 2, 4, 8, 16 s.</summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Delay after the first failure. Default 2 s.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Each delay is this many times the one before, up to a minute. Default 2.</summary>
    public double DelayFactor { get; set; } = 2;

    /// <summary>How long a server may send nothing before the connection is given up. Default 60 s.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long to wait for another process that fetches the same file. Default 1 h.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Space in bytes that a download leaves free on the file system. Default 64 MiB.</summary>
    public long ReserveBytes { get; set; } = 64L << 20;

    /// <summary>Redirects followed for one file. Default 10.</summary>
    public int MaxRedirects { get; set; } = 10;
}
