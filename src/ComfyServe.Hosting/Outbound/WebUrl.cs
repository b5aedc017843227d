namespace ComfyServe.Hosting.Outbound;

/// <summary>URLs that callers give for calls.</summary>
public static class WebUrl
{
    private const int Longest = 4096;

    /// <summary>An absolute http or https URL, or null.</summary>
    public static Uri? Parse(string? text) =>
        text is { Length: > 0 and <= Longest } && Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.Host.Length > 0
            ? url
            : null;
}
