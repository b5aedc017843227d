using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using ComfyServe.Testing.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Tests.Requests;

public sealed class SecurityTests
{
    [Theory]
    [InlineData("../../../evil")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\\\\b")]
    [InlineData("/etc/passwd")]
    [InlineData("a%2fb")]
    [InlineData(".hidden")]
    [InlineData("a\\u0000b")]
    [InlineData("a\\nb")]
    [InlineData("a b")]
    public async Task RequestId_ThatIsNoName_IsRefused(string id)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, _) = await host.RunAsync(Workflows.Image, $""", "request_id": "{id}" """);

        Assert.Equal(422, status);
        Assert.Empty(host.Engine.Submitted);
    }

    [Theory]
    [InlineData("/result/..%2F..%2Fledger")]
    [InlineData("/result/%00")]
    [InlineData("/generate/stream/..%2Fx")]
    public async Task Paths_ThatAreNoIds_AreNotFound(string path)
    {
        await using var host = await ApiHost.StartAsync();

        Assert.Contains((int)(await host.Http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode, (int[])[400, 404]);
    }

    [Fact]
    public async Task Body_LargerThanAllowed_Is413()
    {
        await using var host = await ApiHost.StartAsync(o => o.MaxBodyBytes = 10_000);
        var large = new string('x', 20_000);

        var (known, _) = await host.RunAsync(Workflows.Image, $", \"x\": \"{large}\"");
        using var chunked = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes($"{{\"input\": \"{large}\"}}"))) { Headers = { ContentType = new("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate") { Content = chunked };
        request.Headers.TransferEncodingChunked = true;
        var unknown = await StatusAsync(host, request);

        // A server that stops reading may close the connection while the client still writes.
        Assert.Equal(413, known);
        Assert.Contains(unknown, (int?[])[413, null]);
        Assert.Equal(200, (await host.RunAsync(Workflows.Image)).Status);
    }

    private static async Task<int?> StatusAsync(ApiHost host, HttpRequestMessage request)
    {
        try
        {
            using var answer = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    [Fact]
    public async Task Body_DeeplyNested_IsRefused()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, _) = await host.PostAsync("/generate", new string('[', 100_000));

        Assert.Equal(422, status);
    }

    [Fact]
    public async Task Header_Injection_ReachesNoAnswer()
    {
        await using var host = await ApiHost.StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", host.Http.BaseAddress!.Port, TestContext.Current.CancellationToken);
        await using var stream = socket.GetStream();
        await stream.WriteAsync("GET /result/x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);

        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("\nSet-Cookie", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Secrets_OfAFullRun_AreInNoLogReplyOrFile()
    {
        var log = new ListLogger();
        await using var receiver = await FileServer.StartAsync(static context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        var traced = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static s => s.Name is "ComfyServe.Api" or "System.Net.Http", // the platform's HTTP client names whole URLs
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a => traced.Enqueue($"{a.OperationName} {a.DisplayName} {string.Join(' ', a.TagObjects)} {string.Join(' ', a.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags)}"))}"),
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await ApiHost.StartAsync(
            o =>
            {
                o.AllowedHosts = ["127.0.0.1"];
                o.Webhook.Secret = "hunter2-own";
            },
            build: b => b.Services.AddSingleton<ILoggerProvider>(log));
        var more = $$$"""
            , "request_id": "abc", "s3": {"access_key_id": "hunter2-id", "secret_access_key": "hunter2-secret", "bucket_name": "b", "endpoint_url": "http://127.0.0.1:1", "connect_attempts": 1},
            "webhook": {"url": "{{{receiver.BaseUrl}}}/hunter2-path?token=hunter2-url", "secret": "hunter2-hook"}
            """;

        var (_, answer) = await host.RunAsync("""{"1": {"class_type": "LoadImage", "inputs": {"image": "http://127.0.0.1:1/x?token=hunter2-input"}}}""", more);
        var (_, uploaded) = await host.RunAsync(Workflows.Image, more);
        await receiver.ReceivedAsync(1);
        var (_, deliveries) = await host.GetAsync("/result/abc/webhooks");
        await host.StopServiceAsync();

        Assert.Equal("failed", (string?)answer["status"]);
        Assert.NotNull(uploaded["output"]![0]!["upload_error"]);
        foreach (var text in (string[])[answer.ToJsonString(), uploaded.ToJsonString(), deliveries.ToJsonString(), .. log.Lines, .. traced])
        {
            Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        }

        Assert.NotEmpty(log.Lines);
        Assert.Contains(traced, t => t.StartsWith("webhook ", StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(host.Folder, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("hunter2", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        }
    }

    private sealed class ListLogger : ILoggerProvider, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
