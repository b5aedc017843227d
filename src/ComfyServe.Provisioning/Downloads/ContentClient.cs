using System.Net;
using System.Net.Http.Headers;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>
/// Sends a GET and follows redirects itself, so that a token goes to its own host only and is dropped when a redirect leaves it.
/// </summary>
internal sealed class ContentClient(HttpClient http, HostTokens tokens, DownloadOptions options, TimeProvider time)
{
    /// <summary>A handler that leaves redirects and encodings alone.</summary>
    public static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    /// <summary>Whether a request for this URL would carry a token.</summary>
    public bool HasToken(Uri url) => tokens.For(url) is not null;

    /// <summary>The answer's headers after all redirects; the body is not read. Throws <see cref="DownloadException"/>.</summary>
    public async Task<HttpResponseMessage> GetAsync(Uri url, RangeWish? range, Action<HttpResponseMessage>? onRedirect, CancellationToken cancellationToken)
    {
        var current = url;
        for (var hops = 0; ; hops++)
        {
            var response = await SendAsync(current, range, cancellationToken);
            if (Redirect(response) is not { } location)
            {
                return response;
            }

            using (response)
            {
                onRedirect?.Invoke(response);
                var next = new Uri(current, location);
                if (hops >= options.MaxRedirects)
                {
                    throw new DownloadException(DownloadError.BadRedirect, $"more than {options.MaxRedirects} redirects, the last one to '{ShownUrl.Of(next)}'");
                }

                if (next.Scheme is not ("http" or "https") || (current.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps))
                {
                    throw new DownloadException(DownloadError.BadRedirect, $"redirected from https to '{ShownUrl.Of(next)}', which is not https");
                }

                current = next;
            }
        }
    }

    private static Uri? Redirect(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
            ? response.Headers.Location
            : null;

    private async Task<HttpResponseMessage> SendAsync(Uri url, RangeWish? range, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("comfyserve", "1"));
        request.Headers.AcceptEncoding.ParseAdd("identity");
        range?.ApplyTo(request);
        if (tokens.For(url) is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var patience = new CancellationTokenSource(options.StallTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"'{url.Host}' did not answer within {options.StallTimeout.TotalSeconds} s");
        }
        catch (HttpRequestException exception)
        {
            throw new DownloadException(DownloadError.ConnectionLost, $"'{url.Host}' could not be reached: {exception.Message}");
        }
    }
}
