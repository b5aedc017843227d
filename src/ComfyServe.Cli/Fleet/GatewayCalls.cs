using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Cli.Fleet;

/// <summary>Calls a gateway's management API with the account's key.</summary>
internal sealed class GatewayCalls : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly string _gateway;

    /// <summary>Calls to one gateway.</summary>
    /// <param name="gateway">Its URL.</param>
    /// <param name="key">The account's key.</param>
    public GatewayCalls(string gateway, string key)
    {
        _gateway = gateway.TrimEnd('/');
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Calls and gives back the answer's JSON.</summary>
    /// <exception cref="UsageException">The gateway refused.</exception>
    /// <exception cref="HttpRequestException">The gateway cannot be reached or failed.</exception>
    public async Task<JsonNode> CallAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, _gateway + path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        using var answer = await SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        var json = Parse(text);
        if (answer.IsSuccessStatusCode && json is not null)
        {
            return json;
        }

        var message = $"gateway '{_gateway}' answered {(int)answer.StatusCode} to '{method} {path}': {ServiceReason.Of(text)}";
        throw (int)answer.StatusCode is >= 400 and < 500 ? new UsageException(message) : new HttpRequestException(message);
    }

    /// <summary>All endpoints.</summary>
    public async Task<IReadOnlyList<JsonObject>> EndpointsAsync(CancellationToken cancellationToken)
    {
        var list = await CallAsync(HttpMethod.Get, "/api/v0/endptjobs/?client_id=me", null, cancellationToken);
        return [.. (list["results"] as JsonArray ?? []).OfType<JsonObject>()];
    }

    /// <summary>The endpoint with this name.</summary>
    public async Task<JsonObject> EndpointAsync(string name, CancellationToken cancellationToken)
    {
        var all = await EndpointsAsync(cancellationToken);
        return all.FirstOrDefault(e => (string?)e["endpoint_name"] == name)
            ?? throw new UsageException($"there is no endpoint '{name}'; there {(all.Count == 0 ? "is none: make one with 'comfyserve endpoints create NAME'" : $"are {string.Join(", ", all.Select(e => $"'{e["endpoint_name"]}'"))}")}");
    }

    /// <summary>An endpoint's workers.</summary>
    public async Task<IReadOnlyList<JsonObject>> WorkersAsync(long endpointId, CancellationToken cancellationToken)
    {
        var list = await CallAsync(HttpMethod.Post, "/get_endpoint_workers/", new JsonObject { ["id"] = endpointId }, cancellationToken);
        return [.. (list as JsonArray ?? []).OfType<JsonObject>()];
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw new HttpRequestException($"gateway '{_gateway}' cannot be reached: {FailureText.Of(error)}; is 'comfyserve gateway' running, and is '--gateway' right?", error);
        }
        catch (TaskCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"gateway '{_gateway}' did not answer in 30 s", error);
        }
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
