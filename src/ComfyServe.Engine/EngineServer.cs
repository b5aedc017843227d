using System.Net;
using System.Text;
using ComfyServe.Engine.Events;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Http;
using ComfyServe.Engine.Queue;
using ComfyServe.Hosting.Browsers;
using ComfyServe.Hosting.Files;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine;

/// <summary>Builds the engine: a server that speaks ComfyUI's protocol and executes workflows.</summary>
public static class EngineServer
{
    /// <summary>The process's exit code where the engine stopped because it could not go on.</summary>
    public const int ExitCodeOfFailure = 70;

    /// <summary>An engine, ready to be started.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="configure">Changes to services or logging before they are built.</param>
    public static WebApplication Build(EngineOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var builder = RoleServer.CreateBuilder(typeof(EngineServer));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Parse(options.Host), options.Port);
            kestrel.Limits.MaxRequestBodySize = options.MaxUploadBytes;

            // Names of files may hold any character.
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.UTF8;
        });
        builder.Services.AddSingleton(options);
        builder.Services.TryAddSingleton(TimeProvider.System);
        AddServices(builder.Services, PrepareFolders(options));
        configure?.Invoke(builder);
        AddLog(builder);

        var app = builder.Build();
        UseRules(app, options);
        Map(app);
        return app;
    }

    private static EngineFolders PrepareFolders(EngineOptions options)
    {
        var folders = new EngineFolders(options.DataFolder, options.ExtraModelFolders);
        if (Directory.Exists(folders.Temp))
        {
            Directory.Delete(folders.Temp, recursive: true);
        }

        Directory.CreateDirectory(folders.Models);
        foreach (var folder in (string[])[folders.Input, folders.Output, folders.Temp, folders.User])
        {
            PrivateFiles.OwnFolder(folder);
        }

        return folders;
    }

    // Last, so that a changed log keeps the lines for the web front end.
    private static void AddLog(WebApplicationBuilder builder)
    {
        var log = new LogRing(TimeProvider.System);
        builder.Logging.AddProvider(log);
        builder.Services.AddSingleton(log);
    }

    private static void AddServices(IServiceCollection services, EngineFolders folders)
    {
        services.AddSingleton(folders).AddSingleton<EngineNodes>();
        services.AddSingleton<SocketHub>().AddSingleton<PromptRunner>().AddSingleton<PromptHistory>(_ => new PromptHistory(maxBytes: Math.Min(512L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16)));
        services.TryAddSingleton(_ => new PromptNumbers());
        services.AddSingleton(s => new PromptQueue(s.GetRequiredService<SocketHub>().SendStatus, s.GetRequiredService<EngineOptions>().MaxQueuedPrompts, s.GetRequiredService<EngineOptions>().MaxQueuedBytes));
        services.AddHostedService<InferenceThread>();
        services.AddSingleton<PromptApi>().AddSingleton<QueueApi>().AddSingleton<HistoryApi>().AddSingleton<CatalogueApi>()
            .AddSingleton<ModelsApi>().AddSingleton<ViewApi>().AddSingleton<UploadApi>().AddSingleton<SystemApi>().AddSingleton<SocketApi>()
            .AddSingleton<UserFolder>().AddSingleton<UserDataApi>().AddSingleton<SettingsApi>().AddSingleton<InternalApi>();
    }

    private static void UseRules(WebApplication app, EngineOptions options)
    {
        app.Use(CacheRules.InvokeAsync);
        app.UseMiddleware<FailurePages>();
        var pages = new BrowserRules
        {
            Hosts = new ServedHosts(IPAddress.Parse(options.Host), options.ServedHosts),
            ChecksHost = true,
            RefusesReads = true,
            AllowedOrigin = options.AllowedOrigin,
        };
        app.UseBrowserGate(pages, static (context, problem) => Reply.TextAsync(context, StatusCodes.Status403Forbidden, problem));
        _ = options.AllowedOrigin is null ? app.Use(CrossOrigin.AnswerNothingAsync) : app.UseMiddleware<CrossOrigin>();

        // No answer is awaited: plain clients connect once, read only while a prompt of theirs runs, and answer nothing between.
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30) });
        app.UseRouting();
        app.UseFrontEnd(options);
        app.Use(FailurePages.RefuseUnknownAsync);
    }

    private static void Map(WebApplication app)
    {
        var services = app.Services;
        services.GetRequiredService<PromptApi>().Map(app);
        services.GetRequiredService<QueueApi>().Map(app);
        services.GetRequiredService<HistoryApi>().Map(app);
        services.GetRequiredService<CatalogueApi>().Map(app);
        services.GetRequiredService<ModelsApi>().Map(app);
        services.GetRequiredService<ViewApi>().Map(app);
        services.GetRequiredService<UploadApi>().Map(app);
        services.GetRequiredService<SystemApi>().Map(app);
        services.GetRequiredService<SocketApi>().Map(app);
        services.GetRequiredService<UserDataApi>().Map(app);
        services.GetRequiredService<SettingsApi>().Map(app);
        services.GetRequiredService<InternalApi>().Map(app);
        app.MapFrontEnd(services.GetRequiredService<EngineOptions>());
    }
}
