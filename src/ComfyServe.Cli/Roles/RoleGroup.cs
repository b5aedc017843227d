using Microsoft.AspNetCore.Builder;

namespace ComfyServe.Cli.Roles;

/// <summary>
/// Roles that begin and end together: stopped in the opposite order of their start, one after another, and none is left behind when one of them
/// cannot start. So each serves until all that depends on it has stopped.
/// </summary>
internal sealed class RoleGroup : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _members = [];
    private readonly List<(string Role, string Url)> _urls = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The roles in the order of their start, with their base URLs.</summary>
    public IReadOnlyList<(string Role, string Url)> Urls => _urls;

    /// <summary>A role's base URL.</summary>
    public string UrlOf(string role) => _urls.Single(m => m.Role == role).Url;

    /// <summary>Starts a role's server in this process.</summary>
    /// <returns>Its base URL.</returns>
    public async Task<string> StartAsync(string role, WebApplication server, CancellationToken cancellationToken)
    {
        _members.Add(new StartedServer(server));
        await Role.StartAsync(server, cancellationToken);
        server.Lifetime.ApplicationStopping.Register(() => _stopped.TrySetResult());
        _urls.Add((role, Role.Url(server)));
        return Role.Url(server);
    }

    /// <summary>Adds a role that runs as a process of its own.</summary>
    /// <param name="role">What it is called.</param>
    /// <param name="url">Its base URL.</param>
    /// <param name="process">Ends it when it is disposed.</param>
    public void Add(string role, string url, IAsyncDisposable process)
    {
        _members.Add(process);
        _urls.Add((role, url));
    }

    /// <summary>Waits until the caller cancels or one of the servers stops by itself.</summary>
    public async Task UntilStoppedAsync(CancellationToken cancellationToken)
    {
        await using var byCaller = cancellationToken.Register(() => _stopped.TrySetResult());
        await _stopped.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var member in Enumerable.Reverse(_members))
        {
            await member.DisposeAsync();
        }
    }

    /// <summary>A server that stops, letting its requests end, before it is taken apart.</summary>
    private sealed class StartedServer(WebApplication server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await server.StopAsync(CancellationToken.None);
            await server.DisposeAsync();
        }
    }
}
