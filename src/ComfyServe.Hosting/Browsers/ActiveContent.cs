using System.Text;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Hosting.Browsers;

/// <summary>
/// Keeps browsers from running files that callers put there as pages of the service's own origin: types that can hold scripts come as attachments of unknown type,
/// and no type is guessed.
/// </summary>
public static class ActiveContent
{
    /// <summary>Bytes without a known type.</summary>
    public const string Unknown = "application/octet-stream";

    private static readonly HashSet<string> Active = new(StringComparer.OrdinalIgnoreCase)
    {
        "text/html", "text/css", "text/xml", "text/xsl", "application/xml", "application/pdf", "application/wasm", "application/x-shockwave-flash",
        "application/x-javascript", "application/hta", "message/rfc822", "application/x-mimearchive", "application/mathematica", "text/x-component", "text/x-server-parsed-html",
    };

    /// <summary>Whether a browser may run what a file of this media type holds.</summary>
    public static bool IsActive(string mediaType)
    {
        ArgumentNullException.ThrowIfNull(mediaType);
        var end = mediaType.IndexOf(';', StringComparison.Ordinal);
        var type = (end < 0 ? mediaType : mediaType[..end]).Trim();
        return Active.Contains(type) || type.EndsWith("+xml", StringComparison.OrdinalIgnoreCase) || type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || type.EndsWith("javascript", StringComparison.OrdinalIgnoreCase) || type.EndsWith("ecmascript", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Sets the headers for a file that a caller may have put there, and returns the type to send it with.</summary>
    /// <param name="context">The call.</param>
    /// <param name="mediaType">What its name or bytes stand for.</param>
    /// <param name="filename">Its name without folders, to be told in any case; null tells none.</param>
    public static string Protect(HttpContext context, string mediaType, string? filename)
    {
        ArgumentNullException.ThrowIfNull(context);
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        var isActive = IsActive(mediaType);
        if (isActive)
        {
            headers.Append("Vary", "Sec-Fetch-Dest");
            headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
            isActive = !IsEmbedded(context.Request, mediaType);
        }

        if (filename is not null)
        {
            headers.ContentDisposition = $"{(isActive ? "attachment; " : "")}filename=\"{Quoted(filename)}\"";
        }
        else if (isActive)
        {
            headers.ContentDisposition = "attachment";
        }

        return isActive ? Unknown : mediaType;
    }

    /// <summary>A picture or a style sheet that a page of this origin shows: not run on its own.</summary>
    private static bool IsEmbedded(HttpRequest request, string mediaType) => request.Headers["Sec-Fetch-Dest"].ToString() switch
    {
        "image" => mediaType.StartsWith("image/svg+xml", StringComparison.OrdinalIgnoreCase),
        "style" => mediaType.StartsWith("text/css", StringComparison.OrdinalIgnoreCase) && request.Headers["Sec-Fetch-Site"] == "same-origin",
        _ => false,
    };

    private static string Quoted(string filename)
    {
        var text = new StringBuilder(filename.Length + 2);
        foreach (var c in filename)
        {
            _ = c is '"' or '\\' ? text.Append('\\').Append(c) : text.Append(char.IsControl(c) ? '_' : c);
        }

        return text.ToString();
    }
}
