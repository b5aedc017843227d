namespace ComfyServe.Provisioning.Downloads;

/// <summary>Counters and findings of one download across its attempts; used by one task at a time.</summary>
internal sealed class DownloadRun(DownloadRequest request, IProgress<DownloadProgress>? progress)
{
    /// <summary>What is wanted.</summary>
    public DownloadRequest Request { get; } = request;

    /// <summary>What Hugging Face says about the content.</summary>
    public StatedContent Stated { get; } = new();

    /// <summary>Requests for content so far.</summary>
    public int Attempts { get; set; }

    /// <summary>Content bytes from the network so far.</summary>
    public long Transferred { get; set; }

    /// <summary>Bytes that were not fetched again.</summary>
    public long Resumed { get; set; }

    /// <summary>The length that the content must have, where known before it is here.</summary>
    public long? Size => Request.Size ?? Stated.Size;

    /// <summary>The digest that the content must have, where known.</summary>
    public string? Sha256 => Request.Sha256 ?? Stated.Sha256;

    /// <summary>Tells how far it is.</summary>
    public void Report(string name, long received, long? total) => progress?.Report(new DownloadProgress(Request, name, received, total));

    /// <summary>The download as failed.</summary>
    public DownloadResult Failed(string? path, DownloadError error, string message) => new()
    {
        Request = Request,
        Outcome = DownloadOutcome.Failed,
        Path = path,
        Error = error,
        Message = message,
        Attempts = Attempts,
        BytesTransferred = Transferred,
        BytesResumed = Resumed,
    };

    /// <summary>The download as done.</summary>
    public DownloadResult Done(string path, DownloadOutcome outcome, bool verified) => new()
    {
        Request = Request,
        Outcome = outcome,
        Path = path,
        Size = new FileInfo(path).Length,
        Verified = verified,
        Attempts = Attempts,
        BytesTransferred = Transferred,
        BytesResumed = Resumed,
    };
}
