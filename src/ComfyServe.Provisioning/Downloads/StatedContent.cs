using System.Net;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>
/// What Hugging Face's own answer says about a large file before it redirects to a content network: its length and, for
/// files in large-file storage, their SHA-256. Believed from that host over https only.
/// </summary>
internal sealed class StatedContent
{
    /// <summary>SHA-256, lower-case hex.</summary>
    public string? Sha256 { get; private set; }

    /// <summary>Length in bytes.</summary>
    public long? Size { get; private set; }

    /// <summary>Reads the headers of a redirect.</summary>
    public void Read(HttpResponseMessage response)
    {
        if (response.RequestMessage?.RequestUri is not { Scheme: "https", IdnHost: "huggingface.co" or "hf.co" } || response.StatusCode == HttpStatusCode.OK)
        {
            return;
        }

        if (First(response, "X-Linked-Etag")?.Trim('"') is { Length: 64 } digest && digest.All(char.IsAsciiHexDigit))
        {
            Sha256 = digest.ToLowerInvariant();
        }

        if (long.TryParse(First(response, "X-Linked-Size"), out var size))
        {
            Size = size;
        }
    }

    private static string? First(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
