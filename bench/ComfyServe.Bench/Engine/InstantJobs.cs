using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace ComfyServe.Bench.Engine;

/// <summary>A client that submits EmptyImage 16×16 → SaveImage and waits for the history, as an API client does.</summary>
internal sealed class InstantJobs : IDisposable
{
    private static readonly byte[] End = Encoding.UTF8.GetBytes("{\"type\": \"executing\", \"data\": {\"node\": null");
    private readonly HttpClient _http = new();
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly Uri _engine;

    private InstantJobs(Uri engine) => _engine = engine;

    /// <summary>Connects.</summary>
    public static async Task<InstantJobs> ConnectAsync(Uri engine)
    {
        var client = new InstantJobs(engine);
        await client._socket.ConnectAsync(new UriBuilder(new Uri(engine, "/ws?clientId=bench")) { Scheme = "ws" }.Uri, CancellationToken.None);
        return client;
    }

    /// <summary>Runs one prompt; returns the time from its submission to the reply with its history.</summary>
    /// <param name="color">Makes the prompt a new one: nothing comes from the cache.</param>
    public async Task<TimeSpan> RunAsync(int color)
    {
        var id = Guid.NewGuid().ToString();
        using var body = new StringContent(
            "{\"client_id\": \"bench\", \"prompt_id\": \"" + id + "\", \"prompt\": {\"1\": {\"class_type\": \"EmptyImage\", \"inputs\": {\"width\": 16, \"height\": 16, \"batch_size\": 1, \"color\": "
            + $"{color}" + "}}, \"2\": {\"class_type\": \"SaveImage\", \"inputs\": {\"images\": [\"1\", 0], \"filename_prefix\": \"bench_" + id + "\"}}}}",
            Encoding.UTF8,
            "application/json");
        var start = Stopwatch.GetTimestamp();
        using var accepted = await _http.PostAsync(new Uri(_engine, "/prompt"), body);
        accepted.EnsureSuccessStatusCode();
        var own = (await accepted.Content.ReadAsStringAsync()).Split('"')[3];
        await WaitForEndAsync();
        var history = await _http.GetStringAsync(new Uri(_engine, $"/history/{own}"));
        var time = Stopwatch.GetElapsedTime(start);
        return history.Contains("\"success\"", StringComparison.Ordinal) ? time : throw new InvalidOperationException($"the prompt did not succeed: {history}");
    }

    /// <summary>Makes the smallest call that there is; returns its time.</summary>
    public async Task<TimeSpan> CallAsync()
    {
        var start = Stopwatch.GetTimestamp();
        _ = await _http.GetStringAsync(new Uri(_engine, "/prompt"));
        return Stopwatch.GetElapsedTime(start);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _http.Dispose();
    }

    private async Task WaitForEndAsync()
    {
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
            if (received.EndOfMessage && _buffer.AsSpan(0, received.Count).StartsWith(End))
            {
                return;
            }
        }
    }
}
