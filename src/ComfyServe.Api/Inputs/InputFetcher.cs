using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Files;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Api.Inputs;

/// <summary>Fetches a URL into a file, within limits, and only from where the address policy allows.</summary>
internal sealed class InputFetcher(HttpClient http, InputOptions options, TimeProvider time)
{
    private static readonly TimeSpan LongestFreshness = TimeSpan.FromDays(1);
    private static readonly TimeSpan UsualPause = TimeSpan.FromSeconds(1);

    /// <summary>A host that wants to be left alone for longer is not asked again: the caller is told, and comes back himself.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Fetches <paramref name="url"/>; null when <paramref name="known"/> is still what the server has.</summary>
    /// <param name="key">Key of the file in the cache.</param>
    /// <param name="url">An absolute http or https URL.</param>
    /// <param name="known">The version at hand, or null.</param>
    /// <param name="partial">Where to write the bytes.</param>
    /// <param name="cancellationToken">Stops the fetch.</param>
    /// <exception cref="InputException">It was refused, breaks a limit, or cannot be reached.</exception>
    public async Task<CachedFile?> FetchAsync(string key, Uri url, CachedFile? known, string partial, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var shown = Shown(url);
        try
        {
            using var response = await FollowAsync(url, known, both.Token);
            if (response.StatusCode == HttpStatusCode.NotModified && known is not null)
            {
                return null;
            }

            return await WriteAsync(key, shown, response, partial, both.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InputException(JobErrorCode.InputUnreachable, $"'{shown}' took longer than {options.Timeout.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is AddressRefusedException || e.InnerException is AddressRefusedException)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' is not fetched: {(e as AddressRefusedException ?? e.InnerException)!.Message}", e);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' does not have the encoding that its host says it has", e);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData })
        {
            throw new InputException(JobErrorCode.InputRefused, $"Cannot connect to host of '{shown}': there is no host of this name", e);
        }
        catch (HttpRequestException e)
        {
            throw new InputException(JobErrorCode.InputUnreachable, $"Cannot connect to host of '{shown}': {e.HttpRequestError}", e);
        }
    }

    /// <summary>A URL for messages: user, query and fragment may be secret.</summary>
    public static string Shown(Uri url) => ShownUrl.Of(url) + (url.Query.Length > 0 ? "?…" : "");

    private async Task<HttpResponseMessage> FollowAsync(Uri url, CachedFile? known, CancellationToken cancellationToken)
    {
        var next = url;
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(next) { UserName = "", Password = "", Fragment = "" }.Uri);
            request.Headers.UserAgent.Add(new("ComfyServe", "1.0"));
            if (redirects == 0 && url.UserInfo.Length > 0)
            {
                request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo))));
            }

            if (known?.ETag is { } tag && EntityTagHeaderValue.TryParse(tag, out var parsed))
            {
                request.Headers.IfNoneMatch.Add(parsed);
            }
            else if (known?.LastModified is { } modified)
            {
                request.Headers.TryAddWithoutValidation("If-Modified-Since", modified);
            }

            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            {
                return response;
            }

            using (response)
            {
                next = Target(next, response, redirects);
            }
        }
    }

    private Uri Target(Uri from, HttpResponseMessage response, int redirects)
    {
        if (redirects >= options.MaxRedirects)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{Shown(from)}' redirects more than {options.MaxRedirects} times");
        }

        if (response.Headers.Location is not { } location)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{Shown(from)}' redirects without saying where to");
        }

        var to = new Uri(from, location);
        if (to.Scheme != Uri.UriSchemeHttp && to.Scheme != Uri.UriSchemeHttps)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{Shown(from)}' redirects to something other than http or https");
        }

        return to;
    }

    private async Task<CachedFile> WriteAsync(string key, string shown, HttpResponseMessage response, string partial, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw Refusal(response, shown);
        }

        if (response.Content.Headers.ContentLength > options.MaxBytes)
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' is larger than {options.MaxBytes} bytes");
        }

        await using var raw = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var received = new ReceivedBytes(raw, options.MaxBytes, shown);
        await using var decoded = await ContentEncoding.UndoAsync(received, response.Content.Headers.ContentEncoding, shown, cancellationToken);
        await using var source = new ReceivedBytes(decoded, options.MaxBytes, shown); // a small file can unpack to gigabytes
        var start = new InputStart(options.MaxPixels);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await CopyAsync(source, partial, start, hash, cancellationToken);
        if (ContentEncoding.IsCutOff(received, response.Content.Headers.ContentEncoding, source.Count))
        {
            throw new InputException(JobErrorCode.InputRefused, $"'{shown}' ends in the middle of its encoding");
        }

        await received.DrainAsync(new byte[4096], cancellationToken);
        if (response.Content.Headers.ContentLength is { } promised && promised != received.Count)
        {
            throw new InputException(JobErrorCode.InputUnreachable, $"'{shown}' was cut off after {received.Count} of {promised} bytes");
        }

        return new()
        {
            Key = key,
            Extension = start.Extension(shown),
            Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()),
            Size = source.Count,
            ETag = response.Headers.ETag?.ToString(),
            LastModified = response.Content.Headers.TryGetValues("Last-Modified", out var values) ? values.FirstOrDefault() : null,
            FreshUntil = time.GetUtcNow() + Freshness(response.Headers.CacheControl),
        };
    }

    private static async Task CopyAsync(ReceivedBytes source, string partial, InputStart start, IncrementalHash hash, CancellationToken cancellationToken)
    {
        await using var file = PrivateFiles.Write(partial, FileMode.Create, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        var buffer = new byte[64 << 10];
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            start.Add(buffer.AsSpan(0, read));
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    /// <summary>Its host is overloaded or in trouble, and may be asked once more; or it says that the caller is wrong.</summary>
    private InputException Refusal(HttpResponseMessage response, string shown)
    {
        var status = (int)response.StatusCode;
        var text = $"{status}, message='Unable to download {shown}', url='{shown}'";
        if (status < 500 && response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout))
        {
            return new(JobErrorCode.InputRefused, text);
        }

        var after = response.Headers.RetryAfter;
        var pause = after?.Delta ?? (after?.Date is { } date ? date - time.GetUtcNow() : UsualPause);
        return pause > LongestPause
            ? new(JobErrorCode.InputUnreachable, $"{text}; its host may be asked again after {Math.Ceiling(pause.TotalSeconds):0} s")
            : new(JobErrorCode.InputUnreachable, text) { AskAgainAfter = pause > TimeSpan.Zero ? pause : TimeSpan.Zero };
    }

    private static TimeSpan Freshness(CacheControlHeaderValue? control)
    {
        if (control is null || control.NoCache || control.NoStore || control.MaxAge is not { } age)
        {
            return TimeSpan.Zero;
        }

        return age < LongestFreshness ? age : LongestFreshness;
    }
}
