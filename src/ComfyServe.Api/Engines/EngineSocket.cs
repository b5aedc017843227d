using System.Buffers;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Engines;

/// <summary>
/// The one persistent WebSocket of an engine. It is open before anything is submitted, keeps its client id over reconnects
/// (running prompts go on talking to it), and wakes every watched run when it was lost or restored, since messages may have been missed.
/// </summary>
internal sealed partial class EngineSocket(Uri address, string name, EngineTimes times, TimeProvider time, ILogger logger)
{
    private static readonly byte[] FeatureFlags = """{"type":"feature_flags","data":{"supports_preview_metadata":true}}"""u8.ToArray();

    private readonly ConcurrentDictionary<string, EngineRun> _runs = new(StringComparer.Ordinal);

    // Written by the loop alone; read by anybody.
    private volatile TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ClientWebSocket? _socket;
    private int _connections;

    /// <summary>Id under which the engine sends us messages; set before the loop starts.</summary>
    public string ClientId { get; set; } = Guid.NewGuid().ToString("N");

    /// <summary>Whether the socket is open.</summary>
    public bool IsConnected => _connected.Task.IsCompletedSuccessfully;

    /// <summary>How often the socket was opened: when it grows, the engine may have been restarted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Called after each change of <see cref="IsConnected"/>.</summary>
    public Action? Changed { get; set; }

    /// <summary>Watches a run.</summary>
    public void Add(EngineRun run) => _runs[run.PromptId] = run;

    /// <summary>Stops watching a run.</summary>
    public void Remove(EngineRun run) => _runs.TryRemove(new(run.PromptId, run));

    /// <summary>Waits until the socket is open.</summary>
    public Task WhenConnectedAsync(TimeSpan timeout, CancellationToken cancellationToken) => _connected.Task.WaitAsync(timeout, time, cancellationToken);

    /// <summary>Cuts the socket, so that the loop opens a new one: for an engine that went silent although runs are under way.</summary>
    public void Renew() => _socket?.Abort();

    /// <summary>Keeps the socket open until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var socket = await ConnectAsync(cancellationToken);
                _socket = socket;
                failures = 0;
                await ReceiveAsync(socket, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or HttpRequestException or ObjectDisposedException)
            {
                if (failures++ == 0)
                {
                    Log.Lost(logger, name, e.Message);
                }
            }

            _socket = null;
            Disconnected();
            await PauseAsync(failures, cancellationToken);
        }
    }

    private async Task<ClientWebSocket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.KeepAliveInterval = times.SocketPing;
            socket.Options.KeepAliveTimeout = times.SocketPing;
            using var patience = new CancellationTokenSource(times.Connect, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            await socket.ConnectAsync(new Uri($"{address}?clientId={ClientId}"), both.Token);
            await socket.SendAsync(FeatureFlags, WebSocketMessageType.Text, endOfMessage: true, both.Token);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        Interlocked.Increment(ref _connections);
        _connected.TrySetResult();
        Log.Connected(logger, name);
        Changed?.Invoke();
        WakeAll(); // What happened while it was away must be looked up.
        return socket;
    }

    private async Task ReceiveAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            var length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                length += received.Count;
                if (!received.EndOfMessage)
                {
                    continue;
                }

                Read(buffer.AsMemory(0, length), received.MessageType);
                length = 0;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private byte[] Grow(byte[] buffer)
    {
        if (buffer.Length >= times.MaxFrame)
        {
            throw new IOException($"engine '{name}' sent a frame over {times.MaxFrame} bytes");
        }

        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private void Read(ReadOnlyMemory<byte> frame, WebSocketMessageType type)
    {
        if (type == WebSocketMessageType.Text)
        {
            EngineMessages.ReadText(frame, Find);
        }
        else
        {
            EngineMessages.ReadBinary(frame, Find);
        }
    }

    private EngineRun? Find(string promptId) => _runs.GetValueOrDefault(promptId);

    private void Disconnected()
    {
        if (_connected.Task.IsCompleted)
        {
            _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Changed?.Invoke();
            WakeAll();
        }
    }

    private void WakeAll()
    {
        foreach (var run in _runs.Values)
        {
            run.Signal.Set();
        }
    }

    private async Task PauseAsync(int failures, CancellationToken cancellationToken)
    {
        if (failures <= 1)
        {
            return; // The first reconnect is immediate: messages are being missed.
        }

        try
        {
            var pause = TimeSpan.FromMilliseconds(Math.Min(times.SocketRetry.TotalMilliseconds, 50 * Math.Pow(2, failures - 1)));
            await Task.Delay(pause, time, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The loop ends.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Information, "Engine '{Engine}' is connected")]
        public static partial void Connected(ILogger logger, string engine);

        [LoggerMessage(2002, LogLevel.Warning, "Engine '{Engine}' lost its socket: {Reason}")]
        public static partial void Lost(ILogger logger, string engine, string reason);
    }
}
