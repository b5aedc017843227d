using ComfyServe.Api;

namespace ComfyServe.Cli.Roles;

/// <summary>An engine as a process of its own and the API service in front of it, as <c>up</c> and <c>stack</c> have them.</summary>
internal static class LocalService
{
    /// <summary>What the group calls the service.</summary>
    public const string Name = "API service";

    // Both are on this machine: to ask often costs nothing, and an engine that is back is used at once.
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);

    /// <summary>Begins to start the engine, and starts the service, which serves while the engine is starting.</summary>
    /// <param name="group">Receives both.</param>
    /// <param name="plan">The engine.</param>
    /// <param name="settings">The service's settings for the engine's URL.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The engine, to wait for.</returns>
    public static async Task<EngineProcess> StartAsync(RoleGroup group, EnginePlan plan, Func<string, ApiOptions> settings, CancellationToken cancellationToken)
    {
        var engine = EngineProcess.Begin(plan);
        group.Add("engine", engine.Url, engine);
        var options = settings(engine.Url);
        options.Keeper = engine;
        options.Times.SocketRetry = Retry;
        await group.StartAsync(Name, ApiServer.Build(options, ApiVerb.Configure(plan.Folder, [engine.Url])), cancellationToken);
        return engine;
    }
}
