using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Running;

/// <summary>Reads small documents (manifests, scripts, workflows) from a URL or a path.</summary>
internal sealed class DocumentSource(ContentClient client, DownloadOptions options, TimeProvider time)
{
    private const int Longest = 16 << 20;

    /// <summary>The document's bytes.</summary>
    /// <exception cref="StepException">It is not there, or longer than 16 MiB.</exception>
    public async Task<byte[]> ReadAsync(string source, CancellationToken cancellationToken)
    {
        if (SourcePlace.Web(source) is not { } url)
        {
            return await ReadFileAsync(source, cancellationToken);
        }

        var plan = new RetryPlan(options.MaxAttempts, options.FirstDelay, options.DelayFactor);
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await FetchAsync(url, cancellationToken);
            }
            catch (DownloadException exception)
            {
                if (!exception.IsTransient || plan.Next(failures, exception.RetryAfter, 0) is not { } delay)
                {
                    throw new StepException($"'{ShownUrl.Of(url)}': {exception.Message}");
                }

                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    private static async Task<byte[]> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(path).Length > Longest)
            {
                throw new StepException($"'{path}' is longer than {Longest >> 20} MiB");
            }

            return await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StepException($"'{path}' cannot be read: {exception.Message}");
        }
    }

    private async Task<byte[]> FetchAsync(Uri url, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync(url, null, null, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw RefusedAnswer.From(response, url, client.HasToken(url), time);
        }

        using var patience = new CancellationTokenSource(options.StallTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await using var content = await response.Content.ReadAsStreamAsync(both.Token);
            using var bytes = new MemoryStream();
            var buffer = new byte[16 << 10];
            int read;
            while ((read = await content.ReadAsync(buffer, both.Token)) > 0)
            {
                await bytes.WriteAsync(buffer.AsMemory(0, read), both.Token);
                if (bytes.Length > Longest)
                {
                    throw new DownloadException(DownloadError.WrongSize, $"it is longer than {Longest >> 20} MiB");
                }

                patience.CancelAfter(options.StallTimeout);
            }

            return bytes.ToArray();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"no bytes for {options.StallTimeout.TotalSeconds} s");
        }
        catch (IOException exception)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"the connection broke: {exception.Message}");
        }
    }
}
