using ComfyServe.Contracts.Api;
using ComfyServe.Gateway.Endpoints;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Sends requests to workers on behalf of callers that cannot follow a ticket: waits for a worker, and goes on to another when one refuses.</summary>
internal sealed class WorkerCalls(EndpointDirectory directory, SeatTable seats, TicketWriter tickets, RoutingClock clock, TimeProvider time) : IDisposable
{
    private const long Hold = 8_000;
    private const long Replay = 60_000;
    private static readonly TimeSpan RefusalPause = TimeSpan.FromSeconds(0.5);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Sends a request to the worker that will finish it first; waits as long as there is none.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="route">The worker's route.</param>
    /// <param name="payload">The payload, JSON.</param>
    /// <param name="cost">Load units.</param>
    /// <param name="avoid">A worker that failed this request before, or 0.</param>
    /// <param name="chosen">Is told each worker that is asked, and the request's index.</param>
    /// <param name="refused">Is told that the worker which was asked last has not begun.</param>
    /// <param name="cancellationToken">Ends it; the worker then drops the request.</param>
    /// <returns>The answer's head; the caller reads and disposes it.</returns>
    /// <exception cref="HttpRequestException">The worker was lost after the request may have reached it.</exception>
    /// <exception cref="EndpointGoneException">The endpoint was deleted before there was a worker.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        EndpointRow endpoint, string route, ReadOnlyMemory<byte> payload, double cost, long avoid, Func<WorkerRoute, long, Task> chosen, Func<Task> refused, CancellationToken cancellationToken)
    {
        var idx = 0L;
        while (true)
        {
            var outcome = await RouteAsync(endpoint, idx, cost, avoid, cancellationToken);
            idx = outcome.RequestIdx;
            await TellAsync(endpoint, outcome, chosen);
            try
            {
                var answer = await PostAsync(endpoint, route, payload, cost, outcome, cancellationToken);
                if (!AnswerVerdict.HasNotBegun((int)answer.StatusCode))
                {
                    return answer;
                }

                answer.Dispose(); // full, or it does not know the ticket's key: it has not begun
            }
            catch (HttpRequestException error) when (error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
            {
                // Not reached: it has not begun. The router pauses a worker that a request comes back from unseen.
                seats.Seat(endpoint.Id).Router.Lost(idx, $"it could not be reached: {error.HttpRequestError}", isOver: false);
            }
            catch (HttpRequestException error)
            {
                seats.Seat(endpoint.Id).Router.Lost(idx, $"it dropped a request: {error.HttpRequestError}", isOver: true);
                throw;
            }

            await refused();
            avoid = outcome.Worker!.Id;
            await Task.Delay(RefusalPause, time, cancellationToken);
        }
    }

    /// <summary>Whether the worker that a request was given to is dead or gone, so that no answer is to be expected.</summary>
    public bool IsLost(EndpointRow endpoint, long requestIdx, long workerId) => seats.Seat(endpoint.Id).Router.IsLost(requestIdx, workerId);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // Who asked may find that it has no right to the request any more: then the worker is free for others at once.
    private async Task TellAsync(EndpointRow endpoint, RouteOutcome outcome, Func<WorkerRoute, long, Task> chosen)
    {
        try
        {
            await chosen(outcome.Worker!, outcome.RequestIdx);
        }
        catch
        {
            seats.Seat(endpoint.Id).Router.GiveBack(outcome.RequestIdx, clock.Now);
            throw;
        }
    }

    private async Task<RouteOutcome> RouteAsync(EndpointRow endpoint, long idx, double cost, long avoid, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (directory.Find(endpoint.Id) is null)
            {
                throw new EndpointGoneException(endpoint.Name);
            }

            var router = seats.Seat(endpoint.Id).Router;
            var outcome = router.Route(new RouteCall(idx, cost, Hold, Replay, Trusted: true, avoid), clock.Now, out var held);
            if (held is not null)
            {
                try
                {
                    outcome = await held.Answer.WaitAsync(cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    router.Abandon(held, clock.Now);
                    throw;
                }
            }

            if (outcome.Worker is not null)
            {
                return outcome;
            }

            idx = outcome.RequestIdx;
            if (held is null)
            {
                await Task.Delay(RefusalPause, time, cancellationToken); // the queue is full
            }
        }
    }

    private async Task<HttpResponseMessage> PostAsync(
        EndpointRow endpoint, string route, ReadOnlyMemory<byte> payload, double cost, RouteOutcome outcome, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, outcome.Worker!.Url + route)
        {
            Content = new TicketedContent(tickets.Write(endpoint.Name, cost, outcome, "", ""), payload),
        };
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }
}
