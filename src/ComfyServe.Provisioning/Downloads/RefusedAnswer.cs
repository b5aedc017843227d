using System.Net;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>Turns an HTTP status that brings no content into a failure that says what to do.</summary>
internal static class RefusedAnswer
{
    /// <summary>The failure for an answer to a request for <paramref name="url"/>.</summary>
    public static DownloadException From(HttpResponseMessage response, Uri url, bool sentToken, TimeProvider time)
    {
        var status = (int)response.StatusCode;
        var answer = $"the server answered {status}";
        return response.StatusCode switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new DownloadException(DownloadError.NotFound, $"{answer}: there is no such file"),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                new DownloadException(DownloadError.Unauthorized, $"{answer}: {Advice(url, sentToken)}"),
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or (HttpStatusCode)425 =>
                new DownloadException(DownloadError.ServerFailed, answer) { RetryAfter = RetryAfter(response, time) },
            _ when status >= 500 => new DownloadException(DownloadError.ServerFailed, answer) { RetryAfter = RetryAfter(response, time) },
            _ => new DownloadException(DownloadError.Refused, answer),
        };
    }

    private static string Advice(Uri url, bool sentToken)
    {
        var host = url.IdnHost;
        var variable = host is "huggingface.co" or "hf.co" ? "HF_TOKEN"
            : host == "civitai.com" || host.EndsWith(".civitai.com", StringComparison.Ordinal) ? "CIVITAI_TOKEN"
            : null;
        return variable is null ? "it wants a login that a manifest cannot give"
            : sentToken ? $"the token in {variable} does not open this file; accept its licence on the site, or use another token"
            : $"set {variable}";
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };
}
