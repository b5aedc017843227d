using ComfyServe.Hosting.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Inputs;

/// <summary>Registers what brings the inputs of workflows along.</summary>
internal static class InputServices
{
    public static IServiceCollection AddInputs(this IServiceCollection services, ApiOptions options)
    {
        services.AddSingleton(options.Inputs);
        services.AddSingleton(_ => new AddressPolicy(options.AllowedHosts));
        services.TryAddSingleton<GuardedHandler.Resolve>(System.Net.Dns.GetHostAddressesAsync);
        services.AddSingleton(s => new InputFetcher(
            new HttpClient(GuardedHandler.Create(s.GetRequiredService<AddressPolicy>(), options.Inputs.Connect, s.GetRequiredService<GuardedHandler.Resolve>()))
            {
                Timeout = Timeout.InfiniteTimeSpan,
            },
            options.Inputs,
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new InputCache(
            Path.Combine(options.DataFolder, "inputs"), s.GetRequiredService<InputFetcher>(), options.Inputs, new(options.BoundsOf(options.Inputs.MaxFetches)),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<InputCache>>()));
        services.AddSingleton<InputPreparer>();
        services.AddSingleton<InputStager>();
        return services;
    }
}
