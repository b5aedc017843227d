using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>Sends JSON to the gateway and to workers, with the key where the protocol wants it.</summary>
internal sealed class GatewayConnection(HttpClient http, ServerlessOptions options)
{
    private static readonly TimeSpan RouteTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ManagementTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Settings of the client.</summary>
    public ServerlessOptions Options => options;

    /// <summary>Asks for a worker.</summary>
    /// <exception cref="ServerlessException">The gateway refused, cannot be reached, or does not speak the protocol.</exception>
    public async Task<Ticket> RouteAsync(string endpoint, string key, double cost, long requestIdx, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["endpoint"] = endpoint,
            ["api_key"] = key,
            ["cost"] = cost,
            ["request_idx"] = requestIdx,
            ["replay_timeout"] = 60.0,
        };
        var answer = await CallAsync(HttpMethod.Post, "route/", key, body, RouteTimeout, cancellationToken).ConfigureAwait(false);
        return answer is JsonObject ticket
            ? new Ticket(ticket)
            : throw new ServerlessException($"Gateway '{WireText.Shown(options.Gateway)}' answered '/route/' with something else than a JSON object");
    }

    /// <summary>Calls the gateway and returns its JSON.</summary>
    /// <exception cref="ServerlessException">Not a 2xx status, not JSON, or no answer.</exception>
    public async Task<JsonNode?> CallAsync(
        HttpMethod method, string path, string key, JsonNode? body, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        using var request = Request(method, new Uri(options.Gateway, path), key, body);
        using var limit = Limit(timeout ?? ManagementTimeout, cancellationToken);
        try
        {
            using var answer = await http.SendAsync(request, limit.Token).ConfigureAwait(false);
            var text = await answer.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
            if (answer.IsSuccessStatusCode && (text.Length == 0 || WireText.TryParse(text) is not null))
            {
                return WireText.TryParse(text);
            }

            throw Refused(path, (int)answer.StatusCode, text);
        }
        catch (HttpRequestException error)
        {
            throw new ServerlessException($"Gateway '{WireText.Shown(options.Gateway)}' cannot be reached: {error.Message}", error) { IsTransient = true };
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerlessException($"Gateway '{WireText.Shown(options.Gateway)}' did not answer '{path}' in time", error) { IsTransient = true };
        }
    }

    /// <summary>Posts to a worker; the caller disposes the answer.</summary>
    public Task<HttpResponseMessage> CallWorkerAsync(Uri worker, string route, string key, JsonObject body, CancellationToken cancellationToken) =>
        http.SendAsync(
            Request(HttpMethod.Post, new Uri(worker.ToString().TrimEnd('/') + route), key, body), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Ends after a time by the client's clock or with the caller's token.</summary>
    public LinkedLimit Limit(TimeSpan timeout, CancellationToken cancellationToken) => new(timeout, options.TimeProvider, cancellationToken);

    private static HttpRequestMessage Request(HttpMethod method, Uri address, string key, JsonNode? body)
    {
        var request = new HttpRequestMessage(method, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("comfyserve-client", typeof(GatewayConnection).Assembly.GetName().Version?.ToString(3)));
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        return request;
    }

    private ServerlessException Refused(string path, int status, string text)
    {
        var parsed = WireText.TryParse(text) as JsonObject;
        var reason = (parsed?["msg"] ?? parsed?["error_msg"] ?? parsed?["error"] ?? parsed?["detail"])?.ToString() ?? text;
        return new ServerlessException($"Gateway '{WireText.Shown(options.Gateway)}' answered {status} to '{path}': {WireText.Shorten(reason)}")
        {
            Status = status,
            Body = WireText.Shorten(text),
            IsTransient = status is 408 or 429 or >= 500,
        };
    }
}
