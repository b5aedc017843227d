using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Telemetry;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Webhooks;

/// <summary>Registers what tells receivers about the end of jobs.</summary>
internal static class WebhookServices
{
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);

    public static IServiceCollection AddWebhooks(this IServiceCollection services, ApiOptions options)
    {
        services.AddSingleton(options.Webhook);
        services.AddSingleton<WebhookComposer>();
        services.AddSingleton<IDeliveryComposer>(s => s.GetRequiredService<WebhookComposer>());
        services.AddSingleton<ProgressWebhooks>();
        services.AddSingleton(s => new DeliveryClient(
            Client(GuardedHandler.Create(s.GetRequiredService<AddressPolicy>(), Connect, s.GetRequiredService<GuardedHandler.Resolve>())),
            Client(GuardedHandler.Create(new AddressPolicy(["*"]), Connect)),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => Loop(s, options));
        services.AddHostedService(s => s.GetRequiredService<DeliveryLoop>());
        return services;
    }

    private static DeliveryLoop Loop(IServiceProvider services, ApiOptions options)
    {
        var (ledger, webhook) = (services.GetRequiredService<ServiceLedger>(), options.Webhook);
        var loop = new DeliveryLoop(
            () => ledger.Jobs,
            services.GetRequiredService<DeliveryClient>(),
            new() { Bounds = options.BoundsOf(DeliveryOptions.AtOnce), GiveUpAfter = webhook.GiveUpAfter, FirstPause = webhook.FirstPause, LongestPause = webhook.LongestPause },
            services.GetRequiredService<TimeProvider>(),
            new Random(),
            services.GetRequiredService<ILogger<DeliveryLoop>>())
        {
            Trace = static d => JobTelemetry.Begin("webhook", d.JobId),
        };
        services.GetRequiredService<JobRecorder>().Wake = loop.Wake;
        return loop;
    }

    private static HttpClient Client(HttpMessageHandler handler) => new(handler) { Timeout = Timeout.InfiniteTimeSpan };
}
