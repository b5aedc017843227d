using Microsoft.Extensions.Hosting;

namespace ComfyServe.Cli;

/// <summary>A server's life that only its caller ends: the command line handles Ctrl-C and SIGTERM once, and stops the roles in order.</summary>
internal sealed class CalledLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
