using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>
/// Sends ready-made requests over a few sockets as fast as they are answered. An HTTP client in the same process would cost
/// more than the server does, and hide the difference that is to be measured.
/// </summary>
internal sealed class SocketLoad(Uri server, IReadOnlyList<byte[]> requests, int connections)
{
    /// <summary>A request's bytes.</summary>
    public static byte[] Request(string method, string pathAndQuery, string key, string? json = null)
    {
        var head = $"{method} {pathAndQuery} HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer {key}\r\n";
        return Encoding.UTF8.GetBytes(json is null
            ? head + "\r\n"
            : string.Create(CultureInfo.InvariantCulture, $"{head}Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}"));
    }

    /// <summary>Sends for a while.</summary>
    public Task<LoadFigures> RunAsync(TimeSpan duration, CancellationToken cancellationToken) => RunAsync(duration, int.MaxValue, cancellationToken);

    /// <summary>Sends so many requests over each connection.</summary>
    public Task<LoadFigures> CountAsync(int each, CancellationToken cancellationToken) => RunAsync(TimeSpan.MaxValue, each, cancellationToken);

    private async Task<LoadFigures> RunAsync(TimeSpan duration, int each, CancellationToken cancellationToken)
    {
        var (processor, allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
        var begun = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(() => ConnectionAsync(c, begun, duration, each, cancellationToken), cancellationToken)));
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var all = times.SelectMany(static t => t).Order().ToList();
        return new LoadFigures(
            all.Count / seconds,
            all[(int)(all.Count * 0.99)],
            (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / all.Count,
            (GC.GetTotalAllocatedBytes() - allocated) / (double)all.Count);
    }

    private async Task<List<double>> ConnectionAsync(int connection, long begun, TimeSpan duration, int each, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(server.Host), server.Port), cancellationToken);
        var buffer = new byte[16 << 10];
        List<double> times = [];
        for (var i = connection; times.Count < each && Stopwatch.GetElapsedTime(begun) < duration; i += connections)
        {
            var sent = Stopwatch.GetTimestamp();
            await socket.SendAsync(requests[i % requests.Count], cancellationToken);
            var length = 0;
            while (!IsWhole(buffer.AsSpan(0, length)))
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                length += read > 0 ? read : throw new InvalidOperationException("the server closed the connection");
            }

            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }

        return times;
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        if (!answer.StartsWith("HTTP/1.1 200 "u8))
        {
            throw new InvalidOperationException(Encoding.UTF8.GetString(answer));
        }

        var field = answer[..head].IndexOf("Content-Length: "u8);
        return field < 0
            ? answer.EndsWith("0\r\n\r\n"u8)
            : answer.Length - head - 4 >= int.Parse(answer[(field + 16)..(field + 16 + answer[(field + 16)..].IndexOf((byte)'\r'))], CultureInfo.InvariantCulture);
    }
}
