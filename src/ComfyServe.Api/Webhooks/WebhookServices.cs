using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Hosting.Outbound;
using Microsoft.Extensions.DependencyInjection;

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
        services.AddSingleton(s => new WebhookClient(
            Client(GuardedHandler.Create(s.GetRequiredService<AddressPolicy>(), Connect, s.GetRequiredService<GuardedHandler.Resolve>())),
            Client(GuardedHandler.Create(new AddressPolicy(["*"]), Connect)),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<WebhookLoop>();
        services.AddHostedService(s => s.GetRequiredService<WebhookLoop>());
        return services;
    }

    private static HttpClient Client(HttpMessageHandler handler) => new(handler) { Timeout = Timeout.InfiniteTimeSpan };
}
