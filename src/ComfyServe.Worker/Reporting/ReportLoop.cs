using System.Net;
using System.Text.Json;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Tickets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Reporting;

/// <summary>
/// Reports once a second, and at once when the worker's state changes. Amounts that were not accepted go into the next
/// report. Obeys what the gateway answers.
/// </summary>
internal sealed partial class ReportLoop(
    WorkerOptions options, StatusWriter writer, GatewayClient gateway, LoadLedger ledger, Readiness readiness, GatewayTerms terms, WorkerAddress address,
    IHostApplicationLifetime host, TimeProvider time, ILogger<ReportLoop> logger) : BackgroundService
{
    private bool _isOut;
    private bool _stops;

    /// <summary>One report. Whether it was accepted.</summary>
    public async Task<bool> ReportAsync(CancellationToken cancellationToken)
    {
        var totals = writer.Totals();
        var asked = time.GetUtcNow();
        var answer = await gateway.PostAsync("/worker_status/", writer.Write(totals), ServerlessJson.Default.WorkerStatus, skips: null, cancellationToken);
        if (!answer.IsAccepted)
        {
            Lost(answer.Status);
            return false;
        }

        Found();
        ledger.Reported(totals);
        Obey(answer.Body, asked);
        return true;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await address.Known.WaitAsync(stoppingToken);
            while (!stoppingToken.IsCancellationRequested)
            {
                // Not cut off by the end of the process: what the gateway took but did not answer would count twice.
                await ReportAsync(CancellationToken.None);
                if (_stops && ledger.Count == 0)
                {
                    Log.Stopping(logger);
                    host.StopApplication();
                }

                await readiness.Changes.WaitAsync(options.ReportInterval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    // The original's gateway answers with anything; ours tells its clock, its terms and what to do.
    private void Obey(byte[] body, DateTimeOffset asked)
    {
        WorkerStatusAnswer? said = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("grants", out _))
            {
                said = root.Deserialize(ServerlessJson.Default.WorkerStatusAnswer);
            }
        }
        catch (JsonException)
        {
            // Not of our make.
        }

        if (said is null)
        {
            return;
        }

        terms.Clock(said.Now, asked);
        if (said.Grants)
        {
            terms.RequireGrants();
        }

        switch (said.Command)
        {
            case WorkerCommands.Drain:
                readiness.Drain(true);
                break;
            case WorkerCommands.Resume:
                readiness.Drain(false);
                break;
            case WorkerCommands.Stop:
                readiness.Drain(true);
                _stops = true;
                break;
        }
    }

    private void Lost(HttpStatusCode? status)
    {
        if (!_isOut)
        {
            _isOut = true;
            if (status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                Log.NotKnown(logger, options.Id);
            }
            else
            {
                Log.Lost(logger, string.Join(", ", options.Gateways.Select(ShownUrl.Of)), status is { } code ? $"HTTP {(int)code}" : "it cannot be reached");
            }
        }
    }

    private void Found()
    {
        if (_isOut)
        {
            _isOut = false;
            Log.Found(logger);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5301, LogLevel.Warning, "The gateway ({Gateways}) does not take reports: {Reason}. The worker goes on and keeps trying")]
        public static partial void Lost(ILogger logger, string gateways, string reason);

        [LoggerMessage(5302, LogLevel.Error, "The gateway does not know worker '{WorkerId}' with this token; make a place for it with 'comfyserve workers create'")]
        public static partial void NotKnown(ILogger logger, long workerId);

        [LoggerMessage(5303, LogLevel.Information, "The gateway takes reports again")]
        public static partial void Found(ILogger logger);

        [LoggerMessage(5304, LogLevel.Information, "The gateway says to stop, and nothing is left to do")]
        public static partial void Stopping(ILogger logger);
    }
}
