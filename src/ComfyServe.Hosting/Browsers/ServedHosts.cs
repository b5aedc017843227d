using System.Net;

namespace ComfyServe.Hosting.Browsers;

/// <summary>
/// The names under which a service without keys answers. A web page can let a name of its own lead to this machine (DNS rebinding) and is then of the
/// service's own origin for the browser; only the <c>Host</c> header tells. An address in it is harmless: no page can choose what it leads to.
/// </summary>
public sealed class ServedHosts
{
    /// <summary>The environment variable with the names.</summary>
    public const string Variable = "SERVED_HOSTS";

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _endings = [];
    private readonly IPAddress _bound;
    private readonly bool _all;

    /// <summary>Knows the names.</summary>
    /// <param name="bound">The address that the service listens on; an unspecified one stands for all addresses.</param>
    /// <param name="names">More names: each a host name or address without port, <c>*.example.org</c> for all names below one, <c>*</c> for all.</param>
    /// <exception cref="FormatException">A name has another form.</exception>
    public ServedHosts(IPAddress bound, params IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(bound);
        ArgumentNullException.ThrowIfNull(names);
        _bound = Plain(bound);
        foreach (var name in names)
        {
            if (name == "*")
            {
                _all = true;
            }
            else if (name.StartsWith("*.", StringComparison.Ordinal) && IsName(name[2..]))
            {
                _endings.Add(name[1..]);
            }
            else if (IsName(name) || IPAddress.TryParse(name, out _))
            {
                _names.Add(IPAddress.TryParse(name, out var address) ? Plain(address).ToString() : name.TrimEnd('.'));
            }
            else
            {
                throw new FormatException($"'{name}' is no host name: give names or addresses without scheme and port, '*.example.org', or '*'");
            }
        }
    }

    /// <summary>The names of <see cref="Variable"/>, between commas.</summary>
    public static IReadOnlyList<string> FromEnvironment() => Split(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Names between commas.</summary>
    public static IReadOnlyList<string> Split(string? text) => (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a request's <c>Host</c> is one of ours: a loopback name, the bound address, or a configured name.</summary>
    public bool Serves(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return Authority.TrySplit(host, out var name, out _) && (IsLoopback(name) || IsBound(name) || IsConfigured(name));
    }

    /// <summary>Whether a name, without its port, is one of the configured ones, be it by <c>*</c>.</summary>
    public bool IsConfigured(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _all || IsNamed(name);
    }

    /// <summary>Whether a name, without its port, is configured as itself or by its ending: not by <c>*</c> alone.</summary>
    internal bool IsNamed(string name)
    {
        name = IPAddress.TryParse(name, out var address) ? Plain(address).ToString() : name.TrimEnd('.');
        return _names.Contains(name) || _endings.Exists(e => name.Length > e.Length && name.EndsWith(e, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether a name, without its port, always means this machine: browsers send nobody else there.</summary>
    internal static bool IsLoopback(string name)
    {
        if (IPAddress.TryParse(name, out var address))
        {
            return IPAddress.IsLoopback(Plain(address));
        }

        name = name.TrimEnd('.');
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }

    private bool IsBound(string name) =>
        IPAddress.TryParse(name, out var address) && (_bound.Equals(IPAddress.Any) || _bound.Equals(IPAddress.IPv6Any) || _bound.Equals(Plain(address)));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsName(string name) => name.Length is > 0 and <= 255 && name.TrimEnd('.').Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_');
}
