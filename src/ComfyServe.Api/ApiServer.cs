using System.Net;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Health;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Outputs;
using ComfyServe.Api.Outputs.S3;
using ComfyServe.Api.Keys;
using ComfyServe.Api.Requests;
using ComfyServe.Api.Requests.Checks;
using ComfyServe.Api.Settings;
using ComfyServe.Api.Telemetry;
using ComfyServe.Api.Templates;
using ComfyServe.Api.Webhooks;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Browsers;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Hosting.Telemetry;
using ComfyServe.Hosting.Web;
using ComfyServe.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scalar.AspNetCore;

namespace ComfyServe.Api;

/// <summary>The API service: takes <c>/generate…</c> requests, runs them on engines, and keeps their outputs.</summary>
public static partial class ApiServer
{
    /// <summary>Builds the service; <c>StartAsync</c> listens, and <c>Urls</c> then tells where.</summary>
    /// <param name="options">Settings.</param>
    /// <exception cref="ApiSettingsException">They do not fit; all mistakes are named.</exception>
    /// <param name="configure">Adds to the host, for example logging; runs after the service's own registrations.</param>
    public static WebApplication Build(ApiOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        ApiSettings.Check(options);
        var builder = RoleServer.CreateBuilder(typeof(ApiServer));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Parse(options.Host), options.Port, new ConnectionBound(options.MaxConnections).Apply);
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes + 1;
        });
        AddServices(builder.Services, options);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.UseStatusCodePages(DescribeAsync);
        app.Use(ConnectionBound.KeepAsync);
        app.UseBrowserGate(Pages(options), static (context, problem) => Answers.Text("detail", problem, StatusCodes.Status403Forbidden).ExecuteAsync(context));
        app.Use(RefuseTrailingSlashAsync);
        app.Use(app.Services.GetRequiredService<KeyGate>().InvokeAsync);
        app.Use(AnswerWithoutLedgerAsync);
        app.UseRouting();
        app.MapGenerate();
        app.MapStream();
        app.MapResult();
        app.MapWebhooks();
        app.MapTemplates();
        app.MapConvert();
        app.MapFiles();
        app.MapHealth();
        app.MapServiceMetrics();
        app.MapOpenApi("/openapi.json");
        app.MapScalarApiReference("/docs", docs => docs.WithTitle("ComfyServe API").WithOpenApiRoutePattern("/openapi.json").DisableDefaultFonts());
        return app;
    }

    private static void AddServices(IServiceCollection services, ApiOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.Times);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(CreatePool);
        services.AddSingleton<EngineRunner>();
        services.AddSingleton<CatalogueStore>();
        services.AddInputs(options);
        services.AddSingleton(s => new TemplateStore(
            options.TemplatesFolder ?? Path.Combine(options.DataFolder, "templates"), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<TemplateStore>>()));
        services.AddSingleton<AddressCheck>();
        services.AddSingleton<TargetCheck>();
        services.AddSingleton<RequestReader>();
        services.AddSingleton<KeyGate>();
        services.AddSingleton<EngineFolderStore>();
        services.AddSingleton<OutputCollector>();
        services.AddSingleton<ObjectStores>();
        services.AddSingleton<OutputUrls>();
        services.AddSingleton(s => new S3Clients(
            s.GetRequiredService<AddressPolicy>(), s.GetRequiredService<GuardedHandler.Resolve>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new UrlSigner(() => s.GetRequiredService<ServiceLedger>().Jobs.Sealer.Derive("signed urls"), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new LocalObjectStore(Path.Combine(options.DataFolder, "outputs"), s.GetRequiredService<UrlSigner>()));
        services.AddSingleton<JobQueues>();
        services.AddSingleton<GenerationStage>();
        services.AddSingleton<JobPipeline>();
        services.AddSingleton<ServiceLedger>();
        services.AddHostedService(s => s.GetRequiredService<ServiceLedger>());
        services.AddWebhooks(options);
        services.AddSingleton<JobRecorder>();
        services.AddSingleton<JobTelemetry>();
        services.AddServiceTelemetry(JobTelemetry.Source);
        services.AddSingleton<JobServiceParts>();
        services.AddSingleton<JobService>();
        services.AddHostedService(s => s.GetRequiredService<JobService>());
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJsonContext.Default));
        services.AddOpenApi(openApi => openApi.AddDocumentTransformer((document, context, cancellationToken) =>
        {
            document.Info.Title = "ComfyUI API Wrapper";
            document.Info.Version = "1.0.0";
            return TemplatesApi.DescribeAsync(document, context, cancellationToken);
        }));
    }

    /// <summary>Pages of other sites may show outputs, whose URLs are signed; keys keep them from everything else where there are keys.</summary>
    private static BrowserRules Pages(ApiOptions options)
    {
        var own = options.PublicUrl is { } url ? [new Uri(url).IdnHost.Trim('[', ']')] : Array.Empty<string>();
        return new() { Hosts = new ServedHosts(IPAddress.Parse(options.Host), [.. options.ServedHosts, .. own]), ChecksHost = options.ApiKeys.Count == 0 };
    }

    private static EnginePool CreatePool(IServiceProvider services)
    {
        var options = services.GetRequiredService<ApiOptions>();
        var times = options.Times;
        var time = services.GetRequiredService<TimeProvider>();
        var logger = services.GetRequiredService<ILogger<Engine>>();
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = times.Connect,
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var engines = options.Engines.Select(e => new Engine(e, http, times, options.BackendFailureThreshold, time, logger) { Keeper = options.Keeper }).ToList();
        return new(engines, times, time, services.GetRequiredService<ILogger<EnginePool>>());
    }

    /// <summary>The routes are exact: <c>/generate/</c> is not <c>/generate</c>.</summary>
    private static Task RefuseTrailingSlashAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path.Value;
        if (path is { Length: > 1 } && path[^1] == '/' && !path.StartsWith("/docs", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        return next(context);
    }

    /// <summary>A call that needs the ledger, which cannot be read or written at the moment; its log says why.</summary>
    private static async Task AnswerWithoutLedgerAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (LedgerUnavailableException e) when (!context.Response.HasStarted)
        {
            Log.LedgerAway(context.RequestServices.GetRequiredService<ILogger<JobService>>(), e.Message);
            context.Response.Headers.RetryAfter = "5";
            await Answers.Text("detail", "The service's record of jobs cannot be reached now; try again later", StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context);
        }
    }

    /// <summary>Bodies of errors without one, as clients of the original expect them.</summary>
    private static Task DescribeAsync(StatusCodeContext context)
    {
        var text = context.HttpContext.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => "Not Found",
            StatusCodes.Status405MethodNotAllowed => "Method Not Allowed",
            StatusCodes.Status413PayloadTooLarge => "Request Entity Too Large",
            var status => $"HTTP {status}",
        };
        return Answers.Text("detail", text, context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext);
    }

    private static partial class Log
    {
        [LoggerMessage(2190, LogLevel.Error, "A call could not be answered: {Reason}")]
        public static partial void LedgerAway(ILogger logger, string reason);
    }
}
