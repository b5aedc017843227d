using System.Net;
using System.Net.Sockets;
using System.Text;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Hosting.Tests.Web;

public sealed class ConnectionBoundTests
{
    private const int Most = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_MoreThanAllowed_LongestIdleIsClosedAndTheNewOneServed()
    {
        await using var server = await StartAsync();
        using var first = await server.ConnectAsync();
        List<Socket> others = [];
        for (var i = 0; i < 4 * Most; i++)
        {
            others.Add(await server.ConnectAsync());
        }

        Assert.Equal("pong", await server.AskAsync("/ping"));
        Assert.True(await IsClosedAsync(first));
        Assert.InRange(server.Bound.Count, 1, Most);
        others.ForEach(static s => s.Dispose());
    }

    [Fact]
    public async Task Connections_RequestThatWasLetIn_IsNotClosedForIdleOnes()
    {
        await using var server = await StartAsync();
        var admitted = server.AskAsync("/hold");
        await server.Held.Task;
        List<Socket> idle = [];
        for (var i = 0; i < 3 * Most; i++)
        {
            idle.Add(await server.ConnectAsync());
        }

        server.Release.SetResult();

        Assert.Equal("held", await admitted);
        idle.ForEach(static s => s.Dispose());
    }

    [Fact]
    public async Task Connections_BodyThatTricklesInWithoutARight_IsIdle()
    {
        await using var server = await StartAsync();
        using var slow = await server.ConnectAsync();
        await slow.SendAsync(Encoding.ASCII.GetBytes("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"), Token);
        List<Socket> idle = [];
        for (var i = 0; i < 2 * Most; i++)
        {
            idle.Add(await server.ConnectAsync());
        }

        Assert.Equal("pong", await server.AskAsync("/ping"));
        Assert.True(await IsClosedAsync(slow));
        idle.ForEach(static s => s.Dispose());
    }

    [Fact]
    public async Task Body_BreaksOff_NothingIsLogged()
    {
        await using var server = await StartAsync();
        for (var i = 0; i < 5; i++)
        {
            using var half = await server.ConnectAsync();
            await half.SendAsync(Encoding.ASCII.GetBytes("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"), Token);
            half.Shutdown(SocketShutdown.Send);
            await IsClosedAsync(half);
        }

        Assert.Equal("pong", await server.AskAsync("/ping"));
        Assert.Empty(server.Log);
    }

    [Theory]
    [InlineData("Max open files            1024                 524288               files     \n", 768)]
    [InlineData("Max open files            100                  100                  files     \n", 64)]
    [InlineData("Max open files            unlimited            unlimited            files     \n", int.MaxValue)]
    [InlineData("", int.MaxValue)]
    public void OpenFiles_Limits_LeaveAReserve(string limits, int expected) => Assert.Equal(expected, OpenFiles.ForConnections(limits));

    // Reads until the other side has closed; what it says before is passed over.
    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) > 0)
            {
                // Its answer.
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<Server> StartAsync()
    {
        var server = new Server();
        await server.StartAsync();
        return server;
    }

    private sealed class Server : IAsyncDisposable
    {
        private readonly List<string> _log = [];
        private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
        private WebApplication? _app;

        public ConnectionBound Bound { get; } = new(Most);

        public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<string> Log => _log;

        public async Task StartAsync()
        {
            var builder = RoleServer.CreateBuilder(typeof(ConnectionBoundTests));
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, Bound.Apply));
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(new Lines(_log));
            _app = builder.Build();
            _app.Use(ConnectionBound.KeepAsync);
            _app.MapGet("/ping", static () => "pong");
            _app.MapGet("/hold", async (HttpContext context) =>
            {
                ConnectionBound.Admit(context);
                Held.SetResult();
                await Release.Task;
                return "held";
            });
            _app.MapPost("/body", static async (HttpContext context) =>
            {
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
                return "read";
            });
            await _app.StartAsync(Token);
        }

        public async Task<Socket> ConnectAsync()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, new Uri(_app!.Urls.First()).Port), Token);
            return socket;
        }

        public Task<string> AskAsync(string path) => _http.GetStringAsync(_app!.Urls.First() + path, Token);

        public async ValueTask DisposeAsync()
        {
            Release.TrySetResult();
            await _app!.StopAsync(new CancellationToken(true));
            await _app.DisposeAsync();
            _http.Dispose();
        }
    }

    private sealed class Lines(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
            // Nothing to give back.
        }
    }
}
