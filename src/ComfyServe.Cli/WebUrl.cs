using System.Diagnostics.CodeAnalysis;

namespace ComfyServe.Cli;

/// <summary>URLs that the command line takes: absolute, http or https.</summary>
internal static class WebUrl
{
    /// <summary>Whether the text is one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url) && (url.Scheme is "http" or "https");
}
