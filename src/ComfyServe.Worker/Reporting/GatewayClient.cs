using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ComfyServe.Worker.Reporting;

/// <summary>
/// Talks to the gateway: the first of its addresses that answers with 2xx, beginning with the one that did so last. A gateway
/// that hangs must not keep the worker from reporting to the others in time.
/// </summary>
internal sealed class GatewayClient : IDisposable
{
    private const int MostAnswer = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PatienceWithOthersLeft = TimeSpan.FromSeconds(1.5);
    private readonly HttpClient _http;
    private readonly string[] _bases;

    // Written and read by the report, news and key loops; any value is right, the last good one is fastest.
    private int _first;

    public GatewayClient(WorkerOptions options)
    {
        _bases = [.. options.Gateways.Select(static g => g.AbsoluteUri.TrimEnd('/'))];
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = !options.Gateways.Any(static g => g.IsLoopback),
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = MostAnswer,
        };
    }

    /// <summary>A text, or null when no address gives it.</summary>
    public async Task<string?> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        foreach (var address in _bases)
        {
            try
            {
                using var answer = await _http.GetAsync(address + path, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return await answer.Content.ReadAsStringAsync(cancellationToken);
                }
            }
            catch (Exception error) when (IsOutage(error, cancellationToken))
            {
                // The next address.
            }
        }

        return null;
    }

    /// <summary>Posts JSON; an address that does not accept it is followed by the next.</summary>
    /// <param name="path">The path.</param>
    /// <param name="body">The body.</param>
    /// <param name="type">Its type.</param>
    /// <param name="skips">Whether to leave an address out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<GatewayAnswer> PostAsync<T>(string path, T body, JsonTypeInfo<T> type, Func<string, bool>? skips, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        var (last, first) = (default(GatewayAnswer), Volatile.Read(ref _first));
        for (var i = 0; i < _bases.Length; i++)
        {
            var at = (first + i) % _bases.Length;
            if (skips?.Invoke(_bases[at]) is true)
            {
                continue;
            }

            var answer = await PostAsync(_bases[at] + path, json, i + 1 < _bases.Length ? PatienceWithOthersLeft : Patience, cancellationToken);
            last = answer.Status is null ? last : answer;
            if (answer.IsAccepted)
            {
                Volatile.Write(ref _first, at);
                return answer;
            }
        }

        return last;
    }

    /// <summary>Has a certificate signed; null when no address does it.</summary>
    public async Task<string?> SignAsync(string signingRequest, long workerId, string mtoken, CancellationToken cancellationToken)
    {
        foreach (var address in _bases)
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, $"{address}/api/v0/sign_cert/?instance_id={workerId}")
            {
                Content = new StringContent(signingRequest, new MediaTypeHeaderValue("application/octet-stream")),
            };
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", mtoken);
            try
            {
                using var answer = await _http.SendAsync(message, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return await answer.Content.ReadAsStringAsync(cancellationToken);
                }
            }
            catch (Exception error) when (IsOutage(error, cancellationToken))
            {
                // The next address.
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<GatewayAnswer> PostAsync(string url, byte[] json, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(atMost);
        try
        {
            using var content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await _http.PostAsync(url, content, patience.Token);
            return new GatewayAnswer(answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(patience.Token));
        }
        catch (Exception error) when (IsOutage(error, cancellationToken))
        {
            return default;
        }
    }

    private static bool IsOutage(Exception error, CancellationToken cancellationToken) =>
        error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
