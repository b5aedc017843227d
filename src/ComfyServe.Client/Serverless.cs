using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>
/// Sends requests to the endpoints of a gateway. Thread-safe; keep one for the life of the program.
/// </summary>
/// <example>
/// <code>
/// using var serverless = new Serverless();
/// var endpoint = await serverless.GetEndpointAsync("comfyui-json");
/// var workflow = JsonNode.Parse(File.ReadAllText("workflow.json"));
/// var response = await endpoint.RequestAsync("/generate/sync", new { input = new { workflow_json = workflow } });
/// Console.WriteLine(response.Body);
/// </code>
/// </example>
public sealed class Serverless : IDisposable
{
    private readonly HttpClient _http;
    private readonly GatewayConnection _gateway;
    private readonly string _key;

    /// <summary>Creates a client from the environment: <c>COMFYSERVE_API_KEY</c> and <c>COMFYSERVE_GATEWAY</c>.</summary>
    /// <exception cref="ServerlessException">There is no key.</exception>
    public Serverless()
        : this(new ServerlessOptions())
    {
    }

    /// <summary>Creates a client.</summary>
    /// <exception cref="ServerlessException">There is no key.</exception>
    public Serverless(ServerlessOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _key = options.ApiKey is { Length: > 0 } key
            ? key
            : throw new ServerlessException("API key missing: set COMFYSERVE_API_KEY or ServerlessOptions.ApiKey");
        _http = options.Handler is { } handler
            ? new HttpClient(handler, disposeHandler: false)
            : new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), MaxConnectionsPerServer = 500 });
        _http.Timeout = Timeout.InfiniteTimeSpan;
        if (!options.Gateway.ToString().EndsWith('/'))
        {
            options.Gateway = new Uri(options.Gateway + "/");
        }

        _gateway = new GatewayConnection(_http, options);
    }

    /// <summary>Finds an endpoint by name.</summary>
    /// <exception cref="ServerlessException">There is none of that name, or the gateway refused.</exception>
    public async Task<ServerlessEndpoint> GetEndpointAsync(string name, CancellationToken cancellationToken = default)
    {
        var all = await ListEndpointsAsync(cancellationToken).ConfigureAwait(false);
        return all.FirstOrDefault(e => e.Name == name)
            ?? throw new ServerlessException(
                $"Endpoint '{name}' could not be found; there {(all.Count == 0 ? "is none" : $"are {string.Join(", ", all.Select(e => $"'{e.Name}'"))}")}");
    }

    /// <summary>All endpoints of the account.</summary>
    public async Task<IReadOnlyList<ServerlessEndpoint>> ListEndpointsAsync(CancellationToken cancellationToken = default)
    {
        var answer = await CallAsync(HttpMethod.Get, "api/v0/endptjobs/?client_id=me", null, cancellationToken).ConfigureAwait(false);
        return answer?["results"] is JsonArray results
            ? [.. results.OfType<JsonObject>().Select(e => new ServerlessEndpoint(_gateway, _key, e))]
            : [];
    }

    /// <summary>Makes an endpoint and returns its number.</summary>
    /// <param name="name">Letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="parameters">Scaling parameters by their wire names (<c>min_load</c>, <c>max_workers</c>, …); missing ones take the gateway's defaults.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<long> CreateEndpointAsync(string name, object? parameters = null, CancellationToken cancellationToken = default)
    {
        var body = Parameters(parameters);
        body["client_id"] = "me";
        body["endpoint_name"] = name;
        var answer = await CallAsync(HttpMethod.Post, "api/v0/endptjobs/", body, cancellationToken).ConfigureAwait(false);
        return (long)WireText.Number(answer?["result"]);
    }

    /// <summary>Changes parameters of an endpoint; missing ones stay.</summary>
    public Task UpdateEndpointAsync(long id, object parameters, CancellationToken cancellationToken = default)
    {
        var body = Parameters(parameters);
        body["client_id"] = "me";
        body["endptjob_id"] = id;
        return CallAsync(HttpMethod.Put, $"api/v0/endptjobs/{id}/", body, cancellationToken);
    }

    /// <summary>Deletes an endpoint with its workergroups and workers.</summary>
    public Task DeleteEndpointAsync(long id, CancellationToken cancellationToken = default) =>
        CallAsync(HttpMethod.Delete, $"api/v0/endptjobs/{id}/", new JsonObject { ["client_id"] = "me", ["endptjob_id"] = id }, cancellationToken);

    /// <summary>Makes a workergroup and returns its number.</summary>
    /// <param name="endpoint">Name of its endpoint.</param>
    /// <param name="parameters">Template, launch arguments and filters by their wire names.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<long> CreateWorkergroupAsync(string endpoint, object? parameters = null, CancellationToken cancellationToken = default)
    {
        var body = Parameters(parameters);
        body["client_id"] = "me";
        body["endpoint_name"] = endpoint;
        var answer = await CallAsync(HttpMethod.Post, "api/v0/workergroups/", body, cancellationToken).ConfigureAwait(false);
        return (long)WireText.Number(answer?["id"]);
    }

    /// <summary>Deletes a workergroup.</summary>
    public Task DeleteWorkergroupAsync(long id, CancellationToken cancellationToken = default) =>
        CallAsync(HttpMethod.Delete, $"api/v0/workergroups/{id}/", new JsonObject { ["client_id"] = "me", ["autojob_id"] = id }, cancellationToken);

    /// <summary>Updates a workergroup's workers one after the other without a gap in service.</summary>
    public Task UpdateWorkersAsync(long workergroupId, CancellationToken cancellationToken = default) =>
        CallAsync(HttpMethod.Post, "update_workers/", new JsonObject { ["workergroup_id"] = workergroupId, ["api_key"] = _key }, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static JsonObject Parameters(object? parameters) =>
        parameters is null ? [] : JsonSerializer.SerializeToNode(parameters)?.DeepClone() as JsonObject ?? [];

    private Task<JsonNode?> CallAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken) =>
        _gateway.CallAsync(method, path, _key, body, null, cancellationToken);
}
