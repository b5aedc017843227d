using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Cli;

/// <summary>Runs a role's server in the foreground.</summary>
internal static class Role
{
    /// <summary>What every server that the command line starts needs: it does not listen to signals itself.</summary>
    public static void Configure(WebApplicationBuilder builder) =>
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CalledLifetime>());

    /// <summary>Starts the server, prints <c>ready URL</c>, serves until cancelled, and stops cleanly.</summary>
    public static async Task<int> ServeAsync(WebApplication server, CancellationToken cancellationToken)
    {
        await using (server)
        {
            await StartAsync(server, cancellationToken);
            Console.WriteLine($"ready {Url(server)}");
            await UntilStoppedAsync(server, cancellationToken);
            await server.StopAsync(CancellationToken.None);
        }

        // A server that stopped because it could not go on has said why, and left its code.
        return Environment.ExitCode;
    }

    /// <summary>Starts the server.</summary>
    /// <exception cref="UsageException">Somebody else listens on the port.</exception>
    public static async Task StartAsync(WebApplication server, CancellationToken cancellationToken)
    {
        try
        {
            await server.StartAsync(cancellationToken);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
        {
            throw new UsageException($"{error.Message} Stop what listens there, or choose another port (0 for any free one)");
        }
    }

    /// <summary>The server's base URL; of several, the first.</summary>
    public static string Url(WebApplication server) => server.Urls.First();

    /// <summary>Waits until the caller cancels or the server stops by itself.</summary>
    public static async Task UntilStoppedAsync(WebApplication server, CancellationToken cancellationToken)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var byCaller = cancellationToken.Register(() => stopped.TrySetResult());
        await using var byServer = server.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
        await stopped.Task;
    }
}
