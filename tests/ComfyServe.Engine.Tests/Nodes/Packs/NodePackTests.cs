using System.Collections.Concurrent;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Tests.Http;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Tests.Nodes.Packs;

public sealed class NodePackTests
{
    private const string Workflow =
        """{"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 1, "color": 0}}, "2": {"class_type": "SampleTint", "inputs": {"image": ["1", 0], "red": 1.0, "green": 0.0, "blue": 0.0, "strength": 1.0}}, "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "tinted"}}}""";

    private static readonly string Sample = Path.Combine(AppContext.BaseDirectory, "packs", "ComfyServe.SampleNodes.dll");

    [Fact]
    public async Task Workflow_WithANodeOfAPack_Runs()
    {
        await using var engine = await TestEngine.StartAsync(prepare: folders => Install(folders.CustomNodes, "ComfyServe.SampleNodes.dll", File.ReadAllBytes(Sample)));

        await RunAsync(engine);

        var saved = Assert.Single(Directory.GetFiles(engine.Folders.Output));
        var png = await File.ReadAllBytesAsync(saved, TestContext.Current.CancellationToken);
        var pixels = ImageDecoder.Decode(png, saved, new ImageLimits()).Frames[0].Rgb;
        Assert.Equal(16 * 8 * 3, pixels.Length);
        Assert.All(pixels.Chunk(3), p => Assert.Equal([255, 0, 0], p));
    }

    [Fact]
    public async Task Packs_SomeAreFaulty_AreReportedAndTheOthersLoaded()
    {
        using var reports = new ReportedFailures();
        await using var engine = await TestEngine.StartAsync(prepare: folders =>
        {
            Install(folders.CustomNodes, "a-broken.dll", [1, 2, 3]);
            Install(folders.CustomNodes, "b-cut.dll", File.ReadAllBytes(Sample)[..2000]);
            Install(Path.Combine(folders.CustomNodes, "ComfyServe.SampleNodes"), "ComfyServe.SampleNodes.dll", File.ReadAllBytes(Sample));
        }, configure: builder => builder.Logging.AddProvider(reports));

        var nodes = await engine.GetJsonAsync("/object_info");
        await RunAsync(engine);

        Assert.NotNull(nodes!["SampleTint"]);
        Assert.NotNull(nodes["SaveImage"]);
        Assert.Equal("comfyserve_sample_nodes", (string?)nodes["SampleTint"]!["python_module"]);
        Assert.Collection(
            reports.Lines.Order(),
            static line => Assert.Contains("a-broken.dll", line, StringComparison.Ordinal),
            static line => Assert.Contains("b-cut.dll", line, StringComparison.Ordinal));
    }

    private static void Install(string folder, string name, byte[] pack)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, name), pack);
    }

    private static async Task RunAsync(TestEngine engine)
    {
        using var socket = await engine.ConnectAsync("me");
        var reply = await engine.PostAsync("/prompt", $$"""{"prompt": {{Workflow}}, "client_id": "me", "prompt_id": "mine"}""");
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        _ = await socket.ReceiveUntilAsync(static m => (string?)m["type"] == "executing" && m["data"]!["node"] is null && m["data"]!["prompt_id"] is not null);
        Assert.Equal("success", (string?)(await engine.GetJsonAsync("/history/mine"))!["mine"]!["status"]!["status_str"]);
    }

    /// <summary>Keeps what the log has at Error and above about node packs.</summary>
    private sealed class ReportedFailures : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public IEnumerable<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && formatter(state, exception) is var line && line.Contains("node pack", StringComparison.Ordinal))
            {
                _lines.Enqueue(line);
            }
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
