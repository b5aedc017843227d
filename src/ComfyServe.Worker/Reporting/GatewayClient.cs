using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ComfyServe.Worker.Reporting;

/// <summary>Talks to the gateway: the first of its addresses that answers with 2xx.</summary>
internal sealed class GatewayClient : IDisposable
{
    private const int MostAnswer = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly HttpClient _http;
    private readonly string[] _bases;

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
        var last = default(GatewayAnswer);
        foreach (var address in _bases.Where(a => skips?.Invoke(a) is not true))
        {
            try
            {
                using var content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                using var answer = await _http.PostAsync(address + path, content, cancellationToken);
                last = new GatewayAnswer(answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancellationToken));
                if (last.IsAccepted)
                {
                    return last;
                }
            }
            catch (Exception error) when (IsOutage(error, cancellationToken))
            {
                // The next address.
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

    private static bool IsOutage(Exception error, CancellationToken cancellationToken) =>
        error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
