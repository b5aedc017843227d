using System.Net;
using ComfyServe.Hosting;
using ComfyServe.Hosting.Browsers;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Benchmark;
using ComfyServe.Worker.Certificates;
using ComfyServe.Worker.Forwarding;
using ComfyServe.Worker.Health;
using ComfyServe.Worker.Reporting;
using ComfyServe.Worker.Sessions;
using ComfyServe.Worker.Tickets;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker;

/// <summary>Builds the worker: the agent in front of one API service, wire-compatible with the original's.</summary>
public static partial class WorkerServer
{
    /// <summary>A worker, ready to be started.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="configure">Changes to services or logging before they are built.</param>
    /// <exception cref="InvalidWorkerOptionsException">The settings are wrong; the message has every mistake.</exception>
    public static WebApplication Build(WorkerOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Mistakes() is { Count: > 0 } mistakes)
        {
            throw new InvalidWorkerOptionsException(mistakes);
        }

        var builder = RoleServer.CreateBuilder(typeof(WorkerServer));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Logging.AddFilter("Yarp", LogLevel.Warning);
        builder.Services.AddSingleton(options);
        builder.Services.TryAddSingleton(TimeProvider.System);
        AddServices(builder.Services, options);
        configure?.Invoke(builder);

        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => Started(app, options));
        app.Use(ConnectionBound.KeepAsync);
        app.UseBrowserGate(Pages(options), static (context, problem) => Results.Text(problem, statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context));
        app.Use(LocalListener.KeepAsync);
        app.UseRouting();
        ForwardApi.Map(app, options);
        SessionApi.Map(app);
        UpdateApi.Map(app);
        app.MapGet("/ping", static () => Results.Text("pong"));
        return app;
    }

    private static BrowserRules Pages(WorkerOptions options) => new()
    {
        Hosts = new ServedHosts(IPAddress.Parse(options.Host), [.. options.ServedHosts, .. options.PublicUrl is { } url ? [url.IdnHost.Trim('[', ']')] : Array.Empty<string>()]),
        ChecksHost = options.Unsecured,
    };

    private static void AddServices(IServiceCollection services, WorkerOptions options)
    {
        services.AddHttpForwarder();
        services.AddSingleton<WorkerAddress>().AddSingleton<Readiness>().AddSingleton<Score>();
        services.AddSingleton<GatewayTerms>().AddSingleton<PublicKeys>().AddSingleton<TicketNumbers>().AddSingleton<TicketVerifier>().AddSingleton<RefusalLog>().AddSingleton<TicketGate>();
        services.AddSingleton(_ => new NonceMemory());
        services.AddSingleton<LoadLedger>();
        services.AddSingleton(_ => new TurnQueue(options.ParallelRequests)).AddSingleton(_ => new BodyBudget(options.MaxBodiesBytes));
        services.AddSingleton<ApiService>().AddSingleton<BodyReader>().AddSingleton<Forwarder>().AddSingleton<ForwardApi>();
        services.AddSingleton<SessionTable>().AddSingleton<SessionApi>().AddSingleton<UpdateApi>();
        services.AddSingleton<BenchmarkChoice>().AddSingleton<BenchmarkFile>().AddSingleton<BenchmarkRunner>();
        services.AddSingleton(_ => new Random());
        services.AddSingleton<GatewayClient>().AddSingleton<StatusWriter>();
        AddLoops(services);
    }

    // The web server is started last and stopped first; Farewell has the last word after all of them.
    private static void AddLoops(IServiceCollection services)
    {
        services.AddSingleton<KeyLoop>().AddSingleton<ReportLoop>().AddSingleton<EndedLoop>().AddSingleton<WorkerCertificate>();
        services.AddHostedService(static s => s.GetRequiredService<WorkerCertificate>());
        services.AddHostedService<Farewell>();
        services.AddHostedService(static s => s.GetRequiredService<KeyLoop>());
        services.AddHostedService(static s => s.GetRequiredService<ReportLoop>());
        services.AddHostedService(static s => s.GetRequiredService<EndedLoop>());
        services.AddHostedService<ReadinessLoop>();
        services.AddHostedService<SessionSweeper>();
        services.AddHostedService<LogTail>();
    }

    private static void Listen(KestrelServerOptions kestrel, WorkerOptions options)
    {
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes + 1;
        kestrel.Listen(IPAddress.Parse(options.Host), options.Port, listener =>
        {
            new ConnectionBound(options.MaxConnections).Apply(listener);
            if (options.UseTls)
            {
                var certificate = kestrel.ApplicationServices.GetRequiredService<WorkerCertificate>();
                listener.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate.Current);
            }
        });

        // A bound of its own: whatever comes over the network, the machine's own calls get through.
        kestrel.Listen(IPAddress.Loopback, LocalPort(options), static listener =>
        {
            new ConnectionBound(LocalListener.MostConnections).Apply(listener);
            listener.Use(static next => connection =>
            {
                LocalListener.Apply(connection);
                return next(connection);
            });
        });
    }

    // The original's is the one above; whoever does not name one should not fail for it.
    private static int LocalPort(WorkerOptions options) =>
        options.LocalPort ?? (options.Port is > 0 and < 65535 && FreePort.IsFree(options.Port + 1) ? options.Port + 1 : 0);

    private static void Started(WebApplication app, WorkerOptions options)
    {
        app.Services.GetRequiredService<WorkerAddress>().Set(options.PublicUrl?.AbsoluteUri ?? Reachable(app.Urls.First()));
        Log.Local(app.Logger, app.Urls.Last());
    }

    // 'Any address' is nowhere to send a client to.
    private static string Reachable(string listening) =>
        listening.Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//[::]:", "//[::1]:", StringComparison.Ordinal);

    private static partial class Log
    {
        [LoggerMessage(5004, LogLevel.Information, "Webhooks that end sessions go to {Url}/session/end")]
        public static partial void Local(ILogger logger, string url);
    }
}
