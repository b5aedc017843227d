using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Testing.Web;

/// <summary>What fakes that answer over HTTP are made of.</summary>
public static class LoopbackServer
{
    /// <summary>A server without routes, silent, for a free port of this machine; the caller maps and starts it.</summary>
    /// <param name="configure">Changes it before it is built.</param>
    public static WebApplication Build(Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static k => k.Listen(IPAddress.Loopback, 0));
        configure?.Invoke(builder);
        return builder.Build();
    }
}
