using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs.Deliveries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Registers what tells receivers about the ends of durable jobs. Endpoints take turns.</summary>
internal static class DeliveryServices
{
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);

    public static IServiceCollection AddDeliveries(this IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton<GuardedHandler.Resolve>(System.Net.Dns.GetHostAddressesAsync);
        services.AddSingleton(_ => new AddressPolicy(options.AllowedHosts));
        services.AddSingleton<AddressCheck>();
        services.AddSingleton(static s =>
        {
            var guarded = new HttpClient(GuardedHandler.Create(s.GetRequiredService<AddressPolicy>(), Connect, s.GetRequiredService<GuardedHandler.Resolve>())) { Timeout = Timeout.InfiniteTimeSpan };
            return new DeliveryClient(guarded, trusted: guarded, s.GetRequiredService<TimeProvider>()); // no URL here is the operator's
        });
        services.AddSingleton(static s =>
        {
            var ledger = s.GetRequiredService<EndpointLedger>();
            var loop = new DeliveryLoop(
                () => ledger.Jobs, s.GetRequiredService<DeliveryClient>(), new(), s.GetRequiredService<TimeProvider>(), new Random(), s.GetRequiredService<ILogger<DeliveryLoop>>());
            ledger.WakeDeliveries = loop.Wake;
            return loop;
        });
        return services;
    }
}
