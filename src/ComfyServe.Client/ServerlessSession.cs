using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>A place on one worker that several requests share. Dispose it to give the place back.</summary>
public sealed class ServerlessSession : IAsyncDisposable
{
    private readonly GatewayConnection _gateway;
    private readonly string _key;
    private readonly JsonObject _authData;

    private ServerlessSession(GatewayConnection gateway, string key, Uri worker, string id, JsonObject authData)
    {
        _gateway = gateway;
        _key = key;
        _authData = authData;
        Worker = worker;
        Id = id;
    }

    /// <summary>The session's id at its worker.</summary>
    public string Id { get; }

    /// <summary>The worker that holds it.</summary>
    public Uri Worker { get; }

    /// <summary>Whether requests can still be made.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Sends a request to the session's worker.</summary>
    /// <exception cref="ServerlessException">The session is closed or its worker is gone.</exception>
    public async Task<ServerlessResponse> RequestAsync(string route, object payload, CancellationToken cancellationToken = default)
    {
        if (!IsOpen)
        {
            throw new ServerlessException($"Session '{Id}' is closed");
        }

        var node = payload as JsonNode ?? JsonSerializer.SerializeToNode(payload);
        var body = new JsonObject { ["auth_data"] = _authData.DeepClone(), ["session_id"] = Id, ["payload"] = node?.DeepClone() };
        var begun = _gateway.Options.TimeProvider.GetTimestamp();
        var (status, answer) = await CallAsync(route, body, cancellationToken).ConfigureAwait(false);
        if (status == 410)
        {
            IsOpen = false;
            throw new ServerlessException($"Session '{Id}' is closed on '{WireText.Shown(Worker)}'") { Status = status };
        }

        return new ServerlessResponse(status is >= 200 and < 300, status, answer, Worker, 0, _gateway.Options.TimeProvider.GetElapsedTime(begun), 1);
    }

    /// <summary>Asks the worker whether the session lives.</summary>
    public async Task<bool> CheckAsync(CancellationToken cancellationToken = default)
    {
        var (status, _) = await CallAsync("/session/get", Reference(), cancellationToken).ConfigureAwait(false);
        return IsOpen = status is >= 200 and < 300;
    }

    /// <summary>Ends the session; a second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!IsOpen)
        {
            return;
        }

        IsOpen = false;
        try
        {
            await CallAsync("/session/end", Reference(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (ServerlessException)
        {
            // The worker is gone or ends the session by itself when its lifetime is over.
        }
    }

    internal static async Task<ServerlessSession> OpenAsync(
        GatewayConnection gateway, string key, RequestFlow flow, CancellationToken cancellationToken)
    {
        var (answer, worker) = await flow.OpenAsync(cancellationToken).ConfigureAwait(false);
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            var id = (WireText.TryParse(text) as JsonObject)?["session_id"]?.ToString();
            if (!answer.IsSuccessStatusCode || string.IsNullOrEmpty(id) || flow.AuthData is not { } authData)
            {
                throw new ServerlessException($"Worker '{WireText.Shown(worker)}' opened no session: {(int)answer.StatusCode} {WireText.Shorten(text)}")
                {
                    Status = (int)answer.StatusCode,
                };
            }

            return new ServerlessSession(gateway, key, worker, id, authData);
        }
    }

    private JsonObject Reference() => new() { ["session_id"] = Id, ["session_auth"] = _authData.DeepClone() };

    private async Task<(int Status, JsonNode? Body)> CallAsync(string route, JsonObject body, CancellationToken cancellationToken)
    {
        using var limit = _gateway.Limit(_gateway.Options.WorkerTimeout, cancellationToken);
        try
        {
            using var answer = await _gateway.CallWorkerAsync(Worker, route, _key, body, limit.Token).ConfigureAwait(false);
            var text = await answer.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
            return ((int)answer.StatusCode, WireText.TryParse(text) ?? (text.Length == 0 ? null : new JsonObject { ["error"] = text }));
        }
        catch (HttpRequestException error)
        {
            IsOpen = false;
            throw new ServerlessException($"Worker '{WireText.Shown(Worker)}' of session '{Id}' cannot be reached: {error.Message}", error) { IsTransient = true };
        }
    }
}
