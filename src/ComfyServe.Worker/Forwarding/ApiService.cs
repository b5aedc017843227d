using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Worker.Benchmark;

namespace ComfyServe.Worker.Forwarding;

/// <summary>The API service that this worker fronts.</summary>
internal sealed class ApiService : IDisposable
{
    private const int MostReason = 300;
    private const long MostAnswer = 256L << 20;
    private readonly HttpClient _http;

    public ApiService(WorkerOptions options)
    {
        Base = options.Api.AbsoluteUri.TrimEnd('/');
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50),
        };
        Invoker = new HttpMessageInvoker(handler);
        _http = new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MostAnswer };
    }

    /// <summary>Its base URL without a slash at the end.</summary>
    public string Base { get; }

    /// <summary>Sends what is forwarded.</summary>
    public HttpMessageInvoker Invoker { get; }

    /// <summary>Asks for its health: the answer's body when it is healthy, or why it is not.</summary>
    public async Task<HealthAnswer> HealthAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(atMost);
        try
        {
            using var answer = await _http.GetAsync(Base + "/health", patience.Token);
            var body = await answer.Content.ReadAsByteArrayAsync(patience.Token);
            return answer.StatusCode == HttpStatusCode.OK
                ? new HealthAnswer { Body = body }
                : new HealthAnswer { Fault = Fault(answer.StatusCode, body) };
        }
        catch (HttpRequestException error)
        {
            return new HealthAnswer { Fault = $"The API service at {ShownUrl.Of(Base)} cannot be reached: {error.Message}" };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HealthAnswer { Fault = $"The API service did not answer within {atMost.TotalSeconds:0} s", TimedOut = true };
        }
    }

    /// <summary>One generation of the benchmark.</summary>
    public async Task<Generation> GenerateAsync(JsonObject payload, int nodes, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(atMost);
        using var message = new HttpRequestMessage(HttpMethod.Post, Base + "/generate/sync") { Content = Json(payload.ToJsonString()) };

        // It tells what came from a cache.
        message.Headers.Add("X-Include-ComfyUI-Response", "1");
        try
        {
            using var answer = await _http.SendAsync(message, patience.Token);
            return GenerationCheck.Of(answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(patience.Token), nodes);
        }
        catch (HttpRequestException error)
        {
            return new(GenerationVerdict.Unreachable, error.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(GenerationVerdict.Failed, $"one generation took longer than {atMost}");
        }
    }

    /// <summary>Posts a closed session's notice; what comes of it is nobody's concern.</summary>
    public async Task NotifyAsync(string route, JsonObject body, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            using var content = Json(body.ToJsonString());
            using var answer = await _http.PostAsync(Base + route, content, patience.Token);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            // Best effort, as the original.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        Invoker.Dispose();
    }

    // Ours says why; what others say is theirs to word, and may be long.
    private static string Fault(HttpStatusCode status, byte[] body)
    {
        var fault = $"The API service's health is HTTP {(int)status}";
        try
        {
            return JsonNode.Parse(body) is JsonObject health && health["reason"] is JsonValue reason && reason.TryGetValue(out string? text) && text.Length > 0
                ? $"{fault}: {(text.Length > MostReason ? text[..MostReason] + "…" : text)}"
                : fault;
        }
        catch (JsonException)
        {
            return fault;
        }
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
}
