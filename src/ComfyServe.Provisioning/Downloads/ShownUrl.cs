namespace ComfyServe.Provisioning.Downloads;

/// <summary>A URL as it may be shown: without user, query and fragment, where tokens hide.</summary>
internal static class ShownUrl
{
    /// <summary>Scheme, host, port and path.</summary>
    public static string Of(Uri url) => url.IsAbsoluteUri
        ? url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
        : url.OriginalString.Split('?', '#')[0];

    /// <summary>The same of text that may be a path or a URL.</summary>
    public static string Of(string source) =>
        Uri.TryCreate(source, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? Of(new Uri(source)) : source;
}
