using System.Text.Json.Nodes;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Client;

/// <summary>One request from the question for a worker to its answer.</summary>
/// <remarks>
/// Transient failures (no connection, 408, 429, 5xx without a workflow's outcome) go to another worker under the same
/// number, so that they add no load. An answer that says that the workflow failed is final (<see cref="AnswerVerdict"/>): running it again
/// costs a GPU and gives the same error.
/// </remarks>
internal sealed class RequestFlow(GatewayConnection gateway, string endpoint, string key, string route, JsonNode payload, RequestOptions options)
{
    private readonly ServerlessOptions _settings = gateway.Options;
    private long _requestIdx;
    private int _attempts;
    private long _firstCall;

    /// <summary>The ticket of the last call, as the worker got it.</summary>
    public JsonObject? AuthData { get; private set; }

    /// <summary>Runs the request and reads the whole answer.</summary>
    public async Task<ServerlessResponse> RunAsync(CancellationToken cancellationToken)
    {
        var (answer, worker) = await OpenAsync(cancellationToken).ConfigureAwait(false);
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            return Response(answer, worker, text);
        }
    }

    /// <summary>Runs the request up to the answer's headers; the caller disposes it.</summary>
    public async Task<(HttpResponseMessage Answer, Uri Worker)> OpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var ticket = await WaitForWorkerAsync(cancellationToken).ConfigureAwait(false);
            _attempts++;
            AuthData = (JsonObject)ticket.Answer.DeepClone();
            _firstCall = _firstCall == 0 ? _settings.TimeProvider.GetTimestamp() : _firstCall;
            Tell(RequestState.Running, ticket.Worker!.ToString());
            var (answer, failure) = await CallAsync(ticket, cancellationToken).ConfigureAwait(false);
            if (answer is not null)
            {
                return (answer, ticket.Worker);
            }

            if (!options.Retry || _attempts > _settings.MaxRetries)
            {
                throw new ServerlessException($"Request {_requestIdx} failed on {_attempts} worker(s), the last '{WireText.Shown(ticket.Worker!)}': {failure!.Message}", failure)
                {
                    IsTransient = true,
                    Status = (failure as ServerlessException)?.Status,
                };
            }

            Tell(RequestState.Retrying, failure!.Message);
            var pause = Backoff.Retry(_attempts, _settings.Random, _settings.MaxPollInterval);
            await Task.Delay(pause, _settings.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Ticket> WaitForWorkerAsync(CancellationToken cancellationToken)
    {
        for (var poll = 0; ; poll++)
        {
            Tell(RequestState.Routing, endpoint);
            var ticket = await gateway.RouteAsync(endpoint, key, options.Cost, _requestIdx, cancellationToken).ConfigureAwait(false);
            _requestIdx = ticket.RequestIdx == 0 ? _requestIdx : ticket.RequestIdx;
            if (ticket.Worker is not null)
            {
                return ticket;
            }

            Tell(RequestState.Waiting, ticket.Status);
            var pause = Backoff.Poll(poll, _settings.Random, _settings.MaxPollInterval);
            await Task.Delay(pause, _settings.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The answer, or why it does not count.</summary>
    private async Task<(HttpResponseMessage? Answer, Exception? Failure)> CallAsync(Ticket ticket, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["auth_data"] = ticket.Answer.DeepClone(), ["session_id"] = null, ["payload"] = payload.DeepClone() };
        using var limit = gateway.Limit(_settings.WorkerTimeout, cancellationToken);
        HttpResponseMessage answer;
        try
        {
            answer = await gateway.CallWorkerAsync(ticket.Worker!, route, key, body, limit.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException error)
        {
            return (null, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, error);
        }

        if ((int)answer.StatusCode is not (408 or 429 or >= 500))
        {
            return (answer, null);
        }

        await answer.Content.LoadIntoBufferAsync(limit.Token).ConfigureAwait(false);
        var status = (int)answer.StatusCode;
        if (AnswerVerdict.Of(status, await answer.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false)).Meaning is AnswerMeaning.Failed or AnswerMeaning.Refused)
        {
            return (answer, null);
        }

        var text = await answer.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
        answer.Dispose();
        return (null, new ServerlessException($"worker answered {status} {WireText.Shorten(text)}".TrimEnd()) { Status = status, IsTransient = true });
    }

    private ServerlessResponse Response(HttpResponseMessage answer, Uri worker, string text) => new(
        answer.IsSuccessStatusCode,
        (int)answer.StatusCode,
        WireText.TryParse(text) ?? (text.Length == 0 ? null : new JsonObject { ["error"] = text }),
        worker,
        _requestIdx,
        _settings.TimeProvider.GetElapsedTime(_firstCall),
        _attempts);

    private void Tell(RequestState state, string detail) => options.Progress?.Report(new RequestProgress(state, _requestIdx, detail));
}
