using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>An endpoint: a named pool of workers that take requests.</summary>
public sealed class ServerlessEndpoint
{
    private readonly GatewayConnection _gateway;
    private readonly string _accountKey;

    internal ServerlessEndpoint(GatewayConnection gateway, string accountKey, JsonObject found)
    {
        _gateway = gateway;
        _accountKey = accountKey;
        Id = (long)WireText.Number(found["id"]);
        Name = found["endpoint_name"]?.ToString() ?? "";
        Key = found["api_key"]?.ToString() ?? accountKey;
        State = found["endpoint_state"]?.ToString() ?? "";
    }

    /// <summary>Number of the endpoint at the gateway.</summary>
    public long Id { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary><c>active</c>, <c>suspended</c> or <c>stopped</c>.</summary>
    public string State { get; }

    /// <summary>The endpoint's own key, which routes and calls workers.</summary>
    internal string Key { get; }

    /// <summary>Sends one request to the worker that the gateway picks.</summary>
    /// <param name="route">Route of the worker, for example <c>/generate/sync</c>.</param>
    /// <param name="payload">What the worker forwards, for example <c>{ input = new { workflow_json = … } }</c>; serialised as JSON.</param>
    /// <param name="options">Cost, limits and progress.</param>
    /// <param name="cancellationToken">Ends the request; the worker then drops it.</param>
    /// <returns>The worker's answer, also where the workflow failed (see <see cref="ServerlessResponse.EnsureSuccess"/>).</returns>
    /// <exception cref="ServerlessException">The gateway refused, or every try failed in a transient way.</exception>
    /// <exception cref="TimeoutException"><see cref="RequestOptions.Timeout"/> is over.</exception>
    public async Task<ServerlessResponse> RequestAsync(
        string route, object payload, RequestOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new RequestOptions();
        var flow = new RequestFlow(_gateway, Name, Key, route, Node(payload), options);
        using var limit = _gateway.Limit(options.Timeout ?? Timeout.InfiniteTimeSpan, cancellationToken);
        try
        {
            return await flow.RunAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer from endpoint '{Name}' within {options.Timeout}", error);
        }
    }

    /// <summary>Sends one request and yields what the worker streams: server-sent events or JSON lines, one item each.</summary>
    /// <inheritdoc cref="RequestAsync"/>
    public async IAsyncEnumerable<JsonNode> StreamAsync(
        string route, object payload, RequestOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var flow = new RequestFlow(_gateway, Name, Key, route, Node(payload), options ?? new RequestOptions());
        var (answer, worker) = await flow.OpenAsync(cancellationToken).ConfigureAwait(false);
        using (answer)
        {
            if (!answer.IsSuccessStatusCode)
            {
                var text = await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
                throw new ServerlessException($"Worker '{WireText.Shown(worker)}' answered {(int)answer.StatusCode}: {WireText.Shorten(text)}")
                {
                    Status = (int)answer.StatusCode,
                    Body = WireText.Shorten(text),
                };
            }

            var stream = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await foreach (var item in LineStream.ReadAsync(stream, cancellationToken).ConfigureAwait(false))
            {
                yield return item;
            }
        }
    }

    /// <summary>Opens a session: its requests all go to one worker, which holds a place for it.</summary>
    /// <param name="lifetime">How long the session lives after its last request. Default 60 s.</param>
    /// <param name="cost">Load that the session counts as. Default 100.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<ServerlessSession> OpenSessionAsync(TimeSpan? lifetime = null, double cost = 100, CancellationToken cancellationToken = default)
    {
        var payload = new JsonObject
        {
            ["lifetime"] = (lifetime ?? TimeSpan.FromSeconds(60)).TotalSeconds,
            ["on_close_route"] = null,
            ["on_close_payload"] = null,
        };
        var flow = new RequestFlow(_gateway, Name, Key, "/session/create", payload, new RequestOptions { Cost = cost });
        return await ServerlessSession.OpenAsync(_gateway, Key, flow, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The endpoint's workers as the gateway sees them.</summary>
    public async Task<IReadOnlyList<WorkerStatus>> GetWorkersAsync(CancellationToken cancellationToken = default)
    {
        var body = new JsonObject { ["id"] = Id, ["api_key"] = _accountKey };
        var answer = await _gateway.CallAsync(HttpMethod.Post, "get_endpoint_workers/", _accountKey, body, null, cancellationToken).ConfigureAwait(false);
        return answer is JsonArray workers ? [.. workers.OfType<JsonObject>().Select(WorkerStatus.Read)] : [];
    }

    /// <summary>The endpoint's log by level: <c>info0</c>, <c>info1</c>, <c>trace</c>, <c>debug</c>.</summary>
    public async Task<IReadOnlyDictionary<string, string>> GetLogsAsync(CancellationToken cancellationToken = default)
    {
        var body = new JsonObject { ["id"] = Id, ["api_key"] = _accountKey };
        var answer = await _gateway.CallAsync(HttpMethod.Post, "get_endpoint_logs/", _accountKey, body, null, cancellationToken).ConfigureAwait(false);
        return (answer as JsonObject ?? []).Where(l => l.Value is JsonValue).ToDictionary(l => l.Key, l => l.Value!.ToString());
    }

    private static JsonNode Node(object payload) =>
        payload as JsonNode ?? JsonSerializer.SerializeToNode(payload) ?? throw new ArgumentNullException(nameof(payload));
}
