using System.Net;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Http;
using ComfyServe.Gateway.Jobs;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Providers.Docker;
using ComfyServe.Gateway.Providers.Kubernetes;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;
using ComfyServe.Gateway.Variables;
using ComfyServe.Hosting;
using ComfyServe.Hosting.Browsers;
using ComfyServe.Hosting.Files;
using ComfyServe.Hosting.Web;
using ComfyServe.Jobs;
using ComfyServe.Jobs.Deliveries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace ComfyServe.Gateway;

/// <summary>Builds the gateway: both base URLs of the original on one address, and our own API.</summary>
public static class GatewayServer
{
    /// <summary>A gateway, ready to be started.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="configure">Changes to services or logging before they are built.</param>
    public static WebApplication Build(GatewayOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var builder = RoleServer.CreateBuilder(typeof(GatewayServer));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(options.Host), options.Port, new ConnectionBound(options.MaxConnections).Apply));

        // Keys come in query strings too: the framework's request log would write them down.
        builder.Logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error)
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter("Polly", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error); // it warns that its keys lie in clear: docs/adr/0018 says why
        builder.Services.AddSingleton(options);
        builder.Services.TryAddSingleton(TimeProvider.System);
        AddStore(builder.Services, options);
        builder.Services.AddAccountVariables(options);
        AddRouting(builder.Services);
        AddApis(builder.Services);
        AddProviders(builder.Services);
        AddJobs(builder.Services);
        builder.Services.AddDeliveries(options);
        AddOwners(builder, options);
        configure?.Invoke(builder);

        var app = builder.Build();
        app.Use(ConnectionBound.KeepAsync);
        app.UseBrowserGate(Pages(options), static (context, problem) => Results.Text(problem, statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context));
        app.Use(CollapseSlashesAsync);
        app.Use(AnswerWithoutLedgerAsync);
        app.UseRouting();
        RouteApi.Map(app);
        WorkerApi.Map(app);
        PoolApi.Map(app);
        EndpointApi.Map(app);
        WorkergroupApi.Map(app);
        KeyApi.Map(app);
        VariableApi.Map(app);
        PlaceApi.Map(app);
        CertificateApi.Map(app);
        JobApi.Map(app);
        SyncApi.Map(app);
        OverviewApi.Map(app);
        app.MapGet("/health", static () => Results.Text("ok"));
        return app;
    }

    /// <summary>Every call shows a key, which pages of other sites do not have: what is refused here could not have worked, and costs nothing.</summary>
    private static BrowserRules Pages(GatewayOptions options) => new()
    {
        Hosts = new ServedHosts(IPAddress.Parse(options.Host), [.. options.ServedHosts, .. options.PublicUrl is { } url ? [url.IdnHost.Trim('[', ']')] : Array.Empty<string>()]),
        ChecksHost = false,
    };

    /// <summary>A call about durable jobs, whose ledger cannot be read or written at the moment; the dispatcher's log says why.</summary>
    private static async Task AnswerWithoutLedgerAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (LedgerUnavailableException) when (!context.Response.HasStarted)
        {
            context.Response.Headers.RetryAfter = "5";
            await Answers.Failure(StatusCodes.Status503ServiceUnavailable, "ledger_unavailable", "The record of jobs cannot be reached now; try again later").ExecuteAsync(context);
        }
    }

    private static void AddStore(IServiceCollection services, GatewayOptions options)
    {
        PrivateFiles.OwnFolder(options.DataDirectory); // The database holds the keys that sign tickets and tokens.

        services.AddSingleton(_ => options.Database is { } server
            ? GatewayDatabase.Server(server)
            : GatewayDatabase.File(Path.Combine(options.DataDirectory, "gateway.db")));
        services.AddSingleton<IGatewayStore, GatewayStore>();
        services.AddSingleton<GatewaySecrets>().AddSingleton<CertificateAuthority>().AddSingleton<KeyRing>().AddSingleton<KeyUses>().AddSingleton<EndpointDirectory>();
        services.AddHostedService<GatewayStart>();
    }

    private static void AddProviders(IServiceCollection services) => services
        .AddSingleton<IWorkerProvider, StaticProvider>().AddSingleton<IWorkerProvider, ProcessProvider>().AddSingleton<IWorkerProvider, ScriptProvider>()
        .AddSingleton<IWorkerProvider>(static _ => new DockerProvider(DockerProvider.Connect)).AddSingleton<IWorkerProvider>(static _ => new KubernetesProvider(KubernetesProvider.Connect))
        .AddSingleton(static s => new ProviderRegistry(s.GetServices<IWorkerProvider>().Select(p => new SupplyingProvider(p, s.GetRequiredService<AccountVariables>()))));

    private static void AddJobs(IServiceCollection services) =>
        services.AddSingleton<EndpointLedger>().AddSingleton<JobCensus>().AddSingleton<WorkerCalls>().AddSingleton<JobRunner>();

    private static void AddRouting(IServiceCollection services) =>
        services.AddSingleton<SeatTable>().AddSingleton<RoutingClock>().AddSingleton<TicketWriter>();

    private static void AddApis(IServiceCollection services) => services
        .AddSingleton<Callers>().AddSingleton<GatewayAddress>().AddSingleton(static s => new BodyBudget(s.GetRequiredService<GatewayOptions>().MaxBodiesBytes)).AddSingleton<LargeBodies>().AddSingleton<CostRule>()
        .AddSingleton<RouteApi>().AddSingleton<WorkerApi>().AddSingleton<PoolApi>()
        .AddSingleton<EndpointApi>().AddSingleton<WorkergroupApi>().AddSingleton<KeyApi>().AddSingleton<PlaceApi>()
        .AddSingleton<CertificateApi>().AddSingleton<JobApi>().AddSingleton<SyncApi>().AddSingleton<OverviewApi>();

    // After the store: hosted services start in the order in which they were added.
    private static void AddOwners(WebApplicationBuilder builder, GatewayOptions options)
    {
        builder.Services.AddSingleton(options.Liveness);
        builder.UseOrleans(silo => Cluster(silo, options));
        builder.Services.AddHostedService<DirectoryLoop>();
        builder.Services.AddHostedService<RoutingLoop>();
        builder.Services.AddHostedService<JobDispatcher>();
        builder.Services.AddHostedService(static s => s.GetRequiredService<DeliveryLoop>());
    }

    private static void Cluster(ISiloBuilder silo, GatewayOptions options)
    {
        if (options.Database is null)
        {
            // Alone: a cluster of one, which other programs on this machine cannot join by accident.
            silo.UseLocalhostClustering(options.ClusterPort == 0 ? FreePort.Find() : options.ClusterPort, gatewayPort: 0, serviceId: "comfyserve", clusterId: $"comfyserve-{Guid.NewGuid():N}");
            return;
        }

        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("comfyserve", "comfyserve"));
        silo.ConfigureEndpoints(IPAddress.Parse(options.ClusterHost), options.ClusterPort == 0 ? ClusterPort.Of(options.DataDirectory) : options.ClusterPort, gatewayPort: 0);
        silo.Services.AddSingleton<IMembershipTable, MembershipTable>();
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            // A dead gateway's endpoints have a new owner after about three seconds.
            membership.ProbeTimeout = TimeSpan.FromSeconds(1);
            membership.NumMissedProbesLimit = 3;
            membership.NumVotesForDeathDeclaration = 1;

            // One that was killed and came back elsewhere is not waited for longer than this: three signs of life missed.
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(3);
            membership.NumMissedTableIAmAliveLimit = 3;
            membership.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
        });
    }

    // The original's clients join base and path as texts: a base with a trailing slash gives '//route/'.
    private static Task CollapseSlashesAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.Value is ['/', '/', ..] path)
        {
            context.Request.Path = "/" + path.TrimStart('/');
        }

        return next(context);
    }
}
