using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace ComfyServe.Gateway.Http;

/// <summary>The URL under which workers reach this gateway.</summary>
internal sealed class GatewayAddress(GatewayOptions options, IServer server)
{
    /// <summary>The configured URL, else the one that the server listens on; no trailing slash.</summary>
    public string Url =>
        (options.PublicUrl?.ToString() ?? server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? $"http://{options.Host}:{options.Port}")
        .TrimEnd('/');
}
