using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Hosting.Outbound;

/// <summary>Makes HTTP handlers for URLs that callers chose.</summary>
public static class GuardedHandler
{
    /// <summary>Resolves a host name.</summary>
    public delegate Task<IPAddress[]> Resolve(string host, CancellationToken cancellationToken);

    /// <summary>
    /// A handler whose every connection, also one of a redirect, goes only to addresses that the policy allows. The name is resolved once for the check
    /// and the connection: an answer of the DNS that changes in between changes nothing. Redirects are not followed, cookies and proxies not used.
    /// </summary>
    /// <param name="policy">What is allowed.</param>
    /// <param name="connectTimeout">One attempt to connect, resolution included.</param>
    /// <param name="resolve">The resolver; the system's when null.</param>
    public static SocketsHttpHandler Create(AddressPolicy policy, TimeSpan connectTimeout, Resolve? resolve = null) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = connectTimeout,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxResponseHeadersLength = 64,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null, // no traces of these calls: URLs of inputs and webhooks are often secrets, and trace ids are nobody else's affair
        ConnectCallback = async (context, cancellationToken) =>
            await ConnectAsync(context.DnsEndPoint, policy, resolve ?? Dns.GetHostAddressesAsync, cancellationToken),
    };

    private static async Task<Stream> ConnectAsync(DnsEndPoint endPoint, AddressPolicy policy, Resolve resolve, CancellationToken cancellationToken)
    {
        var host = endPoint.Host.Trim('[', ']');
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken);
        var allowed = Array.FindAll(addresses, a => policy.IsAllowed(host, a));

        // One forbidden address among allowed ones is a trap as well.
        if (allowed.Length == 0 || allowed.Length != addresses.Length)
        {
            throw new AddressRefusedException(host);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
