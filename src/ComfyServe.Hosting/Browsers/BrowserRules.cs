using Microsoft.AspNetCore.Http;

namespace ComfyServe.Hosting.Browsers;

/// <summary>What web pages of other sites may do with a service.</summary>
public sealed class BrowserRules
{
    /// <summary>The names that count as the service's own.</summary>
    public required ServedHosts Hosts { get; init; }

    /// <summary>Whether requests for other names are refused: where no key is asked for, since a page that has no key can do nothing anyway.</summary>
    public required bool ChecksHost { get; init; }

    /// <summary>Whether other sites may not even read, as at ComfyUI: not where pages of others show pictures of ours. Default false.</summary>
    public bool RefusesReads { get; init; }

    /// <summary>The origin whose pages may do everything, or <c>*</c>. Default null: none but the service's own.</summary>
    public string? AllowedOrigin { get; init; }

    /// <summary>Why a request is refused; null where it is not.</summary>
    /// <param name="request">The request.</param>
    public string? Problem(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var host = request.Headers.Host.ToString();
        if (ChecksHost && AllowedOrigin != "*" && host.Length > 0 && !Hosts.Serves(host))
        {
            return $"This service is not served as '{Shown(host)}': without keys only names of this machine are, so that no web page can reach it by a name of its own. "
                + $"If the name is yours, add it to {ServedHosts.Variable}";
        }

        return IsForeign(request, host)
            ? $"Pages of other sites may not call this service. If the page is yours, add its host to {ServedHosts.Variable}"
            : null;
    }

    private bool IsForeign(HttpRequest request, string host)
    {
        var origin = request.Headers.Origin.ToString();
        if (AllowedOrigin is not null && (AllowedOrigin == "*" || AllowedOrigin.Equals(origin, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        var changes = Changes(request);
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is "same-origin" or "none" || IsOwn(origin))
        {
            return false; // The browser itself says so; behind a proxy the names may differ.
        }

        if (site == "cross-site" && (changes || RefusesReads))
        {
            return true;
        }

        if (origin.Length == 0)
        {
            return site.Length > 0 && changes;
        }

        var readsHere = RefusesReads && Authority.TrySplit(host, out var name, out _) && ServedHosts.IsLoopback(name);
        return (changes || readsHere) && host.Length > 0 && !Authority.IsSame(host, origin);
    }

    private bool IsOwn(string origin) =>
        Authority.TryOfOrigin(origin, out var authority) && Authority.TrySplit(authority, out var name, out _) && Hosts.IsNamed(name);

    /// <summary>Whether a request may change something. A socket may: whoever opens it can read what it tells, too.</summary>
    private static bool Changes(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)) || request.Headers.Upgrade.Count > 0;

    private static string Shown(string host) => host.Length <= 100 ? host : host[..100] + "…";
}
