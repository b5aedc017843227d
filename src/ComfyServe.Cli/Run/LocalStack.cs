using ComfyServe.Api;
using ComfyServe.Cli.Roles;
using ComfyServe.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli.Run;

/// <summary>The API service that a run talks to: one that runs elsewhere, or one with its engine inside this process.</summary>
internal sealed class LocalStack : IAsyncDisposable
{
    private readonly RoleGroup _roles;
    private readonly string? _folder;

    private LocalStack(RoleGroup roles, string? url, string? folder = null)
    {
        (_roles, _folder) = (roles, folder);
        Http = new HttpClient { BaseAddress = url is null ? null : new Uri(url.TrimEnd('/') + "/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>No API service: for a run that a worker answers.</summary>
    public static LocalStack Nowhere() => new(new RoleGroup(), null);

    /// <summary>Talks to the API service; its base address is the service's.</summary>
    public HttpClient Http { get; }

    /// <summary>An API service that runs already.</summary>
    /// <exception cref="UsageException">The URL is none.</exception>
    public static LocalStack Elsewhere(string url) =>
        WebUrl.TryParse(url, out _)
            ? new(new RoleGroup(), url)
            : throw new UsageException($"'--api {url}' is not an http or https URL, for example http://127.0.0.1:18288");

    /// <summary>Starts an engine and an API service on free ports of this machine.</summary>
    public static async Task<LocalStack> StartAsync(string? data, bool fp32, CancellationToken cancellationToken)
    {
        // The run's own messages are enough: the services speak up only when something is wrong.
        static void Quiet(WebApplicationBuilder builder)
        {
            Role.Configure(builder);
            builder.Logging.AddFilter(nameof(ComfyServe), LogLevel.Warning);
        }

        var settings = ApiVerb.Settings(data, [], "127.0.0.1", 0);
        settings.DataFolder = Path.Combine(settings.DataFolder, "runs", Guid.NewGuid().ToString("N")); // a ledger belongs to one process
        settings.ShutdownGrace = TimeSpan.Zero;
        settings.ApiKeys = [];
        var roles = new RoleGroup();
        try
        {
            settings.Engines = [await roles.StartAsync("engine", EngineServer.Build(EngineVerb.Settings(data, fp32, "127.0.0.1", 0), Quiet), cancellationToken)];
            return new(roles, await roles.StartAsync(LocalService.Name, ApiServer.Build(settings, Quiet), cancellationToken), settings.DataFolder);
        }
        catch
        {
            await roles.DisposeAsync();
            Forget(settings.DataFolder);
            throw;
        }
    }

    /// <summary>Whether a URL still answers when the run is over: not where this process itself serves it.</summary>
    public bool Outlives(string? url) => url is not null && (_folder is null || !url.StartsWith(Http.BaseAddress!.ToString(), StringComparison.Ordinal));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _roles.DisposeAsync();
        Forget(_folder);
    }

    private static void Forget(string? folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
