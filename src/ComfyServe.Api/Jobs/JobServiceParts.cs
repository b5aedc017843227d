using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Telemetry;
using ComfyServe.Api.Webhooks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Jobs;

/// <summary>The host's things that the job service needs.</summary>
/// <param name="Ledger">The ledger.</param>
/// <param name="Lifetime">Tells when the service is about to stop.</param>
/// <param name="Telemetry">Measures.</param>
/// <param name="Progress">Tells receivers how jobs go on.</param>
/// <param name="Time">Clock.</param>
/// <param name="Logger">Log.</param>
internal sealed record JobServiceParts(ServiceLedger Ledger, IHostApplicationLifetime Lifetime, JobTelemetry Telemetry, ProgressWebhooks Progress, TimeProvider Time, ILogger<JobService> Logger);
