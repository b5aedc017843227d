using System.Text.RegularExpressions;

namespace ComfyServe.Hosting.Outbound;

/// <summary>A URL as it may be shown, in logs, errors and answers: without user, query and fragment, where keys and tokens hide.</summary>
public static partial class ShownUrl
{
    /// <summary>Scheme, host, port and path.</summary>
    /// <param name="url">The URL.</param>
    public static string Of(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.IsAbsoluteUri
            ? url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : url.OriginalString.Split('?', '#')[0];
    }

    /// <summary>The same of text that may be a path or a URL.</summary>
    /// <param name="source">The text.</param>
    public static string Of(string source) =>
        Uri.TryCreate(source, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? Of(new Uri(source)) : source;

    /// <summary>A text with every URL in it shown so, and with the values of keys and tokens in bare queries left out.</summary>
    /// <param name="text">The text, of any kind; most have none and are given back as they are.</param>
    public static string Within(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains("://", StringComparison.Ordinal))
        {
            text = Url().Replace(text, static match => $"{match.Groups["scheme"].ValueSpan}{match.Groups["rest"].ValueSpan}");
        }

        return text.Contains('=') ? Secret().Replace(text, "${name}=…") : text;
    }

    // Scheme; user, which goes; host and path; query and fragment, which go. Each part is a run of characters that ends the one before: linear.
    [GeneratedRegex("""(?<scheme>\b[A-Za-z][A-Za-z0-9+.-]{0,19}://)([^\s/?#"'<>@]*@)?(?<rest>[^\s?#"'<>]*)([?#][^\s"'<>]*)?""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Url();

    [GeneratedRegex("""(?<name>[?&](api[_-]?key|key|access[_-]?token|token|mtoken|secret|password|signature|sig|x-amz-[a-z-]{1,40}))=[^\s&"'<>#]*""", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();
}
