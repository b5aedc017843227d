using System.Net;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Admission;
using Microsoft.Extensions.Hosting;

namespace ComfyServe.Worker.Reporting;

/// <summary>
/// Tells the gateway of ended requests, at once: it gives this worker the next one only then. What was not accepted is told
/// again. A gateway that does not know the newer form gets the older one.
/// </summary>
internal sealed class EndedLoop(WorkerOptions options, GatewayClient gateway, LoadLedger ledger, TimeProvider time) : BackgroundService
{
    private const string NotThere = "https://cloud.vast.ai/api/v0";
    private const int MostAtOnce = 1_000;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);
    private bool _older;

    /// <summary>Tells what there is. Whether all of it was accepted.</summary>
    public async Task<bool> TellAsync(CancellationToken cancellationToken)
    {
        while (ledger.Ended() is { Count: > 0 } all)
        {
            IReadOnlyList<EndedRequest> news = [.. all.Take(MostAtOnce)];
            if (!await SendAsync(news, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                // Not cut off by the end of the process: what the gateway took but did not answer would be told twice.
                var told = await TellAsync(CancellationToken.None);
                await Task.Delay(told ? Breath : Idle, time, stoppingToken);
                await ledger.News.WaitAsync(Idle, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    private async Task<bool> SendAsync(IReadOnlyList<EndedRequest> news, CancellationToken cancellationToken)
    {
        var form = new DeleteRequests { WorkerId = options.Id, Mtoken = options.Mtoken };
        if (!_older)
        {
            var answer = await PostAsync(form with { Requests = news }, cancellationToken);
            _older = answer.Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity;
            if (!_older)
            {
                if (answer.IsAccepted)
                {
                    ledger.Told(news);
                }

                return answer.IsAccepted;
            }
        }

        foreach (var group in news.GroupBy(static n => n.Success))
        {
            if (!(await PostAsync(form with { RequestIdxs = [.. group.Select(static n => n.RequestIdx)], Success = group.Key }, cancellationToken)).IsAccepted)
            {
                return false;
            }

            ledger.Told([.. group]);
        }

        return true;
    }

    private Task<GatewayAnswer> PostAsync(DeleteRequests body, CancellationToken cancellationToken) =>
        gateway.PostAsync("/delete_requests/", body, ServerlessJson.Default.DeleteRequests, static address => address == NotThere, cancellationToken);
}
