using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.ScriptedWorker;

/// <summary>
/// Speaks the original client's wire format: routes, polls, calls the worker, comes back. Stricter where the protocol is a
/// trap: a route answer must be 200 and JSON within 10 s, carry <c>request_idx</c>, and never an empty <c>url</c>.
/// </summary>
/// <param name="gateway">The gateway; several, parted by commas, stand for an address with several behind it.</param>
/// <param name="endpoint">The endpoint's name.</param>
/// <param name="key">Its key.</param>
public sealed class WireClient(string gateway, string endpoint, string key) : IDisposable
{
    private readonly string[] _gateways = gateway.Split(',');
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(10) };

    /// <summary>What the polls wait, at most.</summary>
    public TimeSpan LongestPoll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A gateway that cannot be reached is asked again, or the next one, with the same index; else that ends the request, as the original has it.</summary>
    public bool Persists { get; init; }

    /// <summary>Tickets given by worker URL.</summary>
    public ConcurrentDictionary<string, int> Tickets { get; } = new();

    /// <summary>Load served by worker URL.</summary>
    public ConcurrentDictionary<string, double> Served { get; } = new();

    /// <summary>Seconds that each request took.</summary>
    public ConcurrentBag<double> Latencies { get; } = [];

    /// <summary>Calls of <c>/route/</c>.</summary>
    public int Routes => _routes;

    private int _routes;

    /// <summary>One request through to its end; gives back the worker's answer.</summary>
    public async Task<JsonNode> RequestAsync(double cost, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        var random = new Random(Environment.CurrentManagedThreadId ^ (int)begun);
        var idx = 0L;
        for (int polls = 0, attempts = 0; ;)
        {
            var ticket = await PersistAsync(idx, cost, cancellationToken);
            idx = idx == 0 || idx == (long)ticket["request_idx"]! ? (long)ticket["request_idx"]! : throw new InvalidOperationException("request_idx changed");
            if (ticket["url"] is null)
            {
                polls++;
                var longest = Math.Min(Math.Pow(2, Math.Min(polls, 20)), LongestPoll.TotalSeconds);
                await Task.Delay(TimeSpan.FromSeconds(polls == 1 ? Math.Min(1, longest) : 0.1 + (random.NextDouble() * longest)), cancellationToken);
                continue;
            }

            attempts++;
            var url = (string)ticket["url"]!;
            Tickets.AddOrUpdate(url, 1, static (_, count) => count + 1);
            if (await CallAsync(url, ticket, attempts, cancellationToken) is { } answer)
            {
                Served.AddOrUpdate(url, cost, (_, sum) => sum + cost);
                Latencies.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
                return answer;
            }
        }
    }

    /// <summary>One call of <c>/route/</c>.</summary>
    public Task<JsonObject> RouteAsync(long requestIdx, double cost, CancellationToken cancellationToken) => RouteAsync(_gateways[0], requestIdx, cost, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<JsonObject> PersistAsync(long requestIdx, double cost, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await RouteAsync(_gateways[attempt % _gateways.Length], requestIdx, cost, cancellationToken);
            }
            catch (Exception error) when (Persists && (error is HttpRequestException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)))
            {
                await Task.Delay(TimeSpan.FromSeconds(0.2), cancellationToken);
            }
        }
    }

    private async Task<JsonObject> RouteAsync(string gateway, long requestIdx, double cost, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _routes);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        using var answer = await _http.PostAsJsonAsync(
            $"{gateway}/route/?api_key={key}",
            new JsonObject { ["endpoint"] = endpoint, ["api_key"] = key, ["cost"] = cost, ["request_idx"] = requestIdx, ["replay_timeout"] = 60.0 },
            patience.Token);
        var text = await answer.Content.ReadAsStringAsync(patience.Token);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"/route/ answered {(int)answer.StatusCode}: {text}");
        }

        var ticket = JsonNode.Parse(text)!.AsObject();
        if (ticket["request_idx"] is null)
        {
            throw new InvalidOperationException($"/route/ answer lacks request_idx: {text}");
        }

        if (ticket.ContainsKey("url") && string.IsNullOrEmpty((string?)ticket["url"]))
        {
            throw new InvalidOperationException($"/route/ answer has an empty url: {text}");
        }

        return ticket;
    }

    private async Task<JsonNode?> CallAsync(string url, JsonObject ticket, int attempts, CancellationToken cancellationToken)
    {
        HttpStatusCode status;
        string text;
        try
        {
            using var answer = await _http.PostAsJsonAsync(
                url + "/generate/sync",
                new JsonObject { ["auth_data"] = ticket.DeepClone(), ["session_id"] = null, ["payload"] = new JsonObject { ["input"] = new JsonObject() } },
                cancellationToken);
            (status, text) = (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return null; // routes again at once, as the original does
        }

        if (status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(attempts, 20)), LongestPoll.TotalSeconds)), cancellationToken);
            return null;
        }

        if (status == HttpStatusCode.OK && text.Length == 0)
        {
            return null; // no JSON: a failed transport to the original, which routes again at once
        }

        return status == HttpStatusCode.OK ? JsonNode.Parse(text) : throw new InvalidOperationException($"worker answered {(int)status}: {text}");
    }
}
