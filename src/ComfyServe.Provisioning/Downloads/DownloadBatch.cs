using Microsoft.Extensions.Logging;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>Fetches many files at once: some from Hugging Face, some from elsewhere, each kind with its own limit.</summary>
public sealed class DownloadBatch : IDisposable
{
    private readonly HttpClient _http;
    private readonly FileDownloader _downloader;
    private readonly SemaphoreSlim _huggingFace;
    private readonly SemaphoreSlim _others;

    /// <summary>Makes a batch that reads <c>HF_TOKEN</c> and <c>CIVITAI_TOKEN</c> from <paramref name="environment"/>.</summary>
    /// <param name="stateFolder">Where digests of files that were checked are remembered.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where to log.</param>
    public DownloadBatch(string stateFolder, Func<string, string?> environment, DownloadOptions options, TimeProvider time, ILoggerFactory loggers)
        : this(stateFolder, HostTokens.From(environment("HF_TOKEN"), environment("CIVITAI_TOKEN")), options, time, loggers)
    {
    }

    internal DownloadBatch(string stateFolder, HostTokens tokens, DownloadOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _http = new HttpClient(ContentClient.Handler()) { Timeout = Timeout.InfiniteTimeSpan };
        Client = new ContentClient(_http, tokens, options, time);
        var verified = new VerifiedFiles(Path.Combine(stateFolder, "digests.json"));
        _downloader = new FileDownloader(Client, verified, options, time, new Random(), loggers.CreateLogger<FileDownloader>());
        _huggingFace = new SemaphoreSlim(options.HuggingFaceParallelism);
        _others = new SemaphoreSlim(options.Parallelism);
    }

    /// <summary>The client, for small documents: manifests, scripts, workflows.</summary>
    internal ContentClient Client { get; }

    /// <summary>Fetches all; one result for each request, in the same order. A failure does not stop the others.</summary>
    public Task<DownloadResult[]> RunAsync(IEnumerable<DownloadRequest> requests, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken) =>
        Task.WhenAll(requests.Select(request => OneAsync(request, progress, cancellationToken)));

    /// <summary>Whether a file is there and right, without fetching anything.</summary>
    public Task<bool> IsRightAsync(DownloadRequest request, CancellationToken cancellationToken) => _downloader.IsRightAsync(request, cancellationToken);

    /// <inheritdoc />
    public void Dispose()
    {
        _http.Dispose();
        _huggingFace.Dispose();
        _others.Dispose();
    }

    private async Task<DownloadResult> OneAsync(DownloadRequest request, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var gate = request.Url.IdnHost is "huggingface.co" or "hf.co" ? _huggingFace : _others;
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await _downloader.DownloadAsync(request, progress, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }
}
