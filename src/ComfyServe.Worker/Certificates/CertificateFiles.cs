using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Certificates;

/// <summary>The certificate's files for a worker that is not ours and reads them itself.</summary>
public static class CertificateFiles
{
    /// <summary>Has the gateway sign a certificate where the settings want https and there is none, or one that ends soon.</summary>
    /// <param name="options">The worker's settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it is told.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="LaunchException">There is none, and none can be had.</exception>
    public static async Task EnsureAsync(WorkerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        using var gateway = new GatewayClient(options);
        using var certificate = new WorkerCertificate(options, gateway, time, loggers.CreateLogger<WorkerCertificate>());
        await certificate.StartingAsync(cancellationToken);
    }
}
