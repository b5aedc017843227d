using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ComfyServe.Hosting.Telemetry;

/// <summary>How every role tells what it does: Prometheus at <c>/metrics</c>, and OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
public static class ServiceTelemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Collects the metrics and traces of a role.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="source">Name of the role's meter and of its source of activities.</param>
    public static IServiceCollection AddServiceTelemetry(this IServiceCollection services, string source)
    {
        var exports = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Endpoint));
        var telemetry = services.AddOpenTelemetry().ConfigureResource(r => r.AddService(source.ToLowerInvariant().Replace('.', '-')));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(source).AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter();
            if (exports)
            {
                metrics.AddOtlpExporter();
            }
        });
        if (exports)
        {
            // Without a collector nothing is traced: it would cost each request and be thrown away.
            telemetry.WithTracing(traces => traces.AddSource(source).AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddOtlpExporter());
        }

        return services;
    }

    /// <summary>Serves the metrics at <c>/metrics</c>.</summary>
    public static WebApplication MapServiceMetrics(this WebApplication app)
    {
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }
}
