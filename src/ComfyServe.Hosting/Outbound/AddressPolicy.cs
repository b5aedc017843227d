using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Hosting.Outbound;

/// <summary>
/// Which addresses may be called on behalf of a caller: public ones, and those that the operator opened. Private, loopback, link-local, metadata,
/// multicast and reserved ranges are refused, also where an IPv6 address carries one of them (mapped, NAT64, 6to4).
/// </summary>
public sealed class AddressPolicy
{
    private static readonly IPNetwork[] Closed =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    private readonly HashSet<string> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<IPNetwork> _networks = [];
    private readonly bool _all;

    /// <summary>A policy that opens nothing but public addresses.</summary>
    public AddressPolicy()
        : this([])
    {
    }

    /// <summary>A policy with exceptions.</summary>
    /// <param name="opened">Host names, addresses, networks in CIDR notation, or <c>*</c> for everything.</param>
    /// <exception cref="FormatException">An entry is none of these.</exception>
    public AddressPolicy(IEnumerable<string> opened)
    {
        foreach (var entry in opened)
        {
            var text = entry.Trim();
            if (text == "*")
            {
                _all = true;
            }
            else if (IPAddress.TryParse(text, out var address))
            {
                _networks.Add(new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
            }
            else if (text.Contains('/', StringComparison.Ordinal))
            {
                _networks.Add(IPNetwork.TryParse(text, out var network) ? network : throw new FormatException($"'{text}' is not a network in CIDR notation"));
            }
            else if (Uri.CheckHostName(text) == UriHostNameType.Dns)
            {
                _hosts.Add(text);
            }
            else
            {
                throw new FormatException($"'{text}' is neither a host name, nor an address, nor a network");
            }
        }
    }

    /// <summary>Whether <paramref name="address"/>, to which <paramref name="host"/> resolved, may be called.</summary>
    public bool IsAllowed(string host, IPAddress address) =>
        _all || _hosts.Contains(host) || _networks.Exists(n => n.Contains(Plain(address))) || IsPublic(address);

    /// <summary>Whether an address is one of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = Plain(address);
        if (Array.Exists(Closed, n => n.Contains(plain)))
        {
            return false;
        }

        return Embedded(plain) is not { } inner || IsPublic(inner);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>The IPv4 address inside of an IPv6 address that stands for one.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes().AsSpan();
        if (bytes is [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] or [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..])
        {
            return new(bytes[12..]); // NAT64, and the old IPv4-compatible form
        }

        if (bytes is [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, ..])
        {
            return new(bytes[12..]); // IPv4-translated
        }

        return bytes is [0x20, 0x02, ..] ? new(bytes[2..6]) : null; // 6to4
    }
}
