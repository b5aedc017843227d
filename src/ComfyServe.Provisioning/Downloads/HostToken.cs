namespace ComfyServe.Provisioning.Downloads;

/// <summary>A secret for one host.</summary>
internal sealed class HostToken(string host, string token)
{
    /// <summary>The bearer token.</summary>
    public string Token { get; } = token;

    /// <summary>The host's subdomains get it too.</summary>
    public bool WithSubdomains { get; init; }

    /// <summary>Plain http will do; for a server on this machine only.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Whether a request to <paramref name="url"/> may carry the token.</summary>
    public bool Matches(Uri url)
    {
        if (url.Scheme != Uri.UriSchemeHttps && !(AllowHttp && url.IsLoopback))
        {
            return false;
        }

        return url.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase)
            || (WithSubdomains && url.IdnHost.EndsWith("." + host, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The host alone: a token never reaches a log.</summary>
    public override string ToString() => host;
}
