using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ComfyServe.Engine.Http;

/// <summary>
/// Keeps web pages of other sites from calling an engine on the user's own machine: a call whose <c>Origin</c> is not
/// its loopback <c>Host</c> is refused. Calls without <c>Origin</c>, and to hosts that are not loopback, pass.
/// </summary>
internal sealed class OriginCheck(RequestDelegate next)
{
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Answers 403 with nothing, or runs the rest.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (!StringValues.IsNullOrEmpty(headers.Host) && !StringValues.IsNullOrEmpty(headers.Origin)
            && Differ(headers.Host.ToString(), headers.Origin.ToString(), out var host)
            && await IsLoopbackAsync(host, context.RequestAborted))
        {
            await Reply.EmptyAsync(context, StatusCodes.Status403Forbidden);
        }
        else if (HttpMethods.IsOptions(context.Request.Method))
        {
            await Reply.EmptyAsync(context);
        }
        else
        {
            await next(context);
        }
    }

    /// <summary>Whether a request's origin is another one than its host. A port counts only where both name one.</summary>
    public static bool Differ(string hostHeader, string originHeader, out string host)
    {
        var start = originHeader.IndexOf("://", StringComparison.Ordinal);
        var origin = start < 0 ? "" : originHeader[(start + 3)..];
        var end = origin.AsSpan().IndexOfAny('/', '?', '#');
        var (originName, originPort) = Split(end < 0 ? origin : origin[..end]);
        (host, var hostPort) = Split(hostHeader);
        return originName != host || (originPort.Length > 0 && hostPort.Length > 0 && originPort != hostPort);
    }

    private static (string Name, string Port) Split(string authority)
    {
        authority = authority.ToLowerInvariant();
        var colon = authority.LastIndexOf(':');
        return colon < 0 || authority.EndsWith(']') ? (authority, "") : (authority[..colon], authority[(colon + 1)..]);
    }

    private static async Task<bool> IsLoopbackAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return IPAddress.IsLoopback(address);
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(ResolveTimeout);
            var addresses = await Dns.GetHostAddressesAsync(host, limit.Token);
            return addresses.Length > 0 && Array.TrueForAll(addresses, IPAddress.IsLoopback);
        }
        catch (Exception e) when (e is SocketException or ArgumentException or OperationCanceledException)
        {
            return false;
        }
    }
}
