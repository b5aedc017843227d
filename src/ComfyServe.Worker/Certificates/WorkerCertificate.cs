using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ComfyServe.Worker.Reporting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Certificates;

/// <summary>
/// The worker's certificate: from its files, or signed by the gateway for a key that is made here, as the original's start
/// script does. It is there before the worker listens.
/// </summary>
internal sealed partial class WorkerCertificate(WorkerOptions options, GatewayClient gateway, TimeProvider time, ILogger<WorkerCertificate> logger)
    : IHostedLifecycleService, IDisposable
{
    private const int KeyBits = 2048;
    private static readonly TimeSpan LeastLeft = TimeSpan.FromDays(30);
    private X509Certificate2? _certificate;

    /// <summary>The certificate.</summary>
    /// <exception cref="InvalidOperationException">The worker serves no https.</exception>
    public X509Certificate2 Current => _certificate ?? throw new InvalidOperationException("the certificate is not loaded");

    /// <inheritdoc/>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (!options.UseTls)
        {
            return;
        }

        if (!File.Exists(options.CertificatePath) || !File.Exists(options.CertificateKeyPath) || IsEnding())
        {
            await MakeAsync(cancellationToken);
        }

        _certificate = Load();
        Log.Loaded(logger, options.CertificatePath, _certificate.NotAfter.ToUniversalTime());
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _certificate?.Dispose();

    private X509Certificate2 Load()
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(options.CertificatePath, options.CertificateKeyPath);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new LaunchException($"'{options.CertificatePath}' and '{options.CertificateKeyPath}' are no certificate and its key: {error.Message}", error);
        }
    }

    private bool IsEnding()
    {
        using var present = Load();
        return time.GetUtcNow().UtcDateTime + LeastLeft > present.NotAfter.ToUniversalTime();
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        using var key = RSA.Create(KeyBits);
        var request = new CertificateRequest("CN=pyworker.vast.ai", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(Names());
        if (await gateway.SignAsync(request.CreateSigningRequestPem(), options.Id, options.Mtoken, cancellationToken) is not { } signed)
        {
            throw new LaunchException(
                $"There is no certificate at '{options.CertificatePath}', and no gateway of REPORT_ADDR signs one; put one there, or set USE_SSL=false");
        }

        try
        {
            // The key first, readable by its owner only.
            var mode = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using (var file = new StreamWriter(options.CertificateKeyPath, mode))
            {
                await file.WriteAsync(key.ExportPkcs8PrivateKeyPem().AsMemory(), cancellationToken);
            }

            await File.WriteAllTextAsync(options.CertificatePath, signed, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LaunchException($"The certificate cannot be stored: {error.Message} Set SSL_CERT_PATH and SSL_KEY_PATH to files that can be written", error);
        }
    }

    private X509Extension Names()
    {
        var names = new SubjectAlternativeNameBuilder();
        var host = options.PublicUrl?.Host.Trim('[', ']') ?? options.Host;
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        return names.Build();
    }

    private static partial class Log
    {
        [LoggerMessage(5501, LogLevel.Information, "Serving https with '{Path}', good until {End}")]
        public static partial void Loaded(ILogger logger, string path, DateTime end);
    }
}
