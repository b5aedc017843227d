using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Testing.Engines;

/// <summary>
/// A scripted engine: ComfyUI's HTTP and WebSocket API on a loopback port, with a queue, a history and files, and with faults on demand.
/// The graph itself is the script; see <c>FakeEngineRunner</c> for the node classes.
/// </summary>
public sealed class FakeEngine : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly string _prefix;
    private readonly FakeDisk _disk = new();
    private CancellationTokenSource _stopping = new();
    private TaskCompletionSource _thawed = Completed();
    private FakeEngineSockets _sockets = new();
    private FakeEngineRunner _runner;
    private Task _working = Task.CompletedTask;
    private WebApplication? _app;
    private int _port;
    private int _counter;
    private int _vanishings;
    private TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeEngine(string prefix, TimeProvider time)
    {
        _prefix = prefix;
        _time = time;
        _runner = new(this, _disk, _sockets, time);
    }

    /// <summary>Base URL, with the path prefix and without a slash at the end.</summary>
    public string BaseUrl => $"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}{_prefix}";

    /// <summary>Every prompt that was accepted, in order.</summary>
    public ConcurrentQueue<FakePrompt> Submitted { get; } = new();

    /// <summary>Prompt id → how long it ran.</summary>
    public ConcurrentDictionary<string, TimeSpan> Runs { get; } = new();

    /// <summary>Method and path of every request, in order; off by default for the benchmarks' sake.</summary>
    public ConcurrentQueue<string>? Requests { get; set; }

    /// <summary>Called before each message of a run with its type (<c>end</c> for the final one).</summary>
    public Func<string, FakePrompt, FakeEngineFault>? Fault { get; set; }

    /// <summary>Called for each request; a result is sent instead of the real answer.</summary>
    public Func<HttpRequest, IResult?>? Answer { get; set; }

    /// <summary>The node catalogue of <c>/object_info</c>.</summary>
    public JsonObject Catalogue { get; set; } = [];

    /// <summary>How often <c>FakeVanish</c> makes a run disappear before it lets one pass.</summary>
    public int Vanishings { get => _vanishings; set => _vanishings = value; }

    /// <summary>How often memory was freed.</summary>
    public int Frees { get; private set; }

    /// <summary>Whether prompt ids of callers are ignored, as old versions do.</summary>
    public bool ChoosesPromptIds { get; set; }

    /// <summary>Open sockets.</summary>
    public int Sockets => _sockets.Count;

    /// <summary>Whether a prompt runs.</summary>
    public bool IsRunning => _runner.Queue()["queue_running"]!.AsArray().Count > 0;

    internal Task Thawed => _thawed.Task;

    /// <summary>Starts an engine on a free port.</summary>
    /// <param name="prefix">Path prefix of every route, for example <c>/comfy</c>.</param>
    /// <param name="time">Clock of delays and timestamps; the system's by default.</param>
    /// <param name="port">Port, or 0 for a free one.</param>
    public static async Task<FakeEngine> StartAsync(string prefix = "", TimeProvider? time = null, int port = 0)
    {
        var engine = new FakeEngine(prefix, time ?? TimeProvider.System) { _port = port };
        await engine.ListenAsync();
        return engine;
    }

    /// <summary>Waits until somebody's socket is open.</summary>
    public async Task ConnectedAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (_sockets.Count == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), _time, patience.Token);
        }
    }

    /// <summary>Waits until a prompt runs.</summary>
    public async Task RunningAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!IsRunning)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), _time, patience.Token);
        }
    }

    /// <summary>Waits until so many prompts have been accepted in all.</summary>
    public async Task SubmittedAsync(int count)
    {
        while (Submitted.Count < count)
        {
            var next = _accepted.Task;
            if (Submitted.Count < count)
            {
                await next.WaitAsync(TimeSpan.FromSeconds(60));
            }
        }
    }

    /// <summary>Answers nothing, and runs nothing, until <see cref="Thaw"/>.</summary>
    public void Freeze() => _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Goes on after <see cref="Freeze"/>.</summary>
    public void Thaw() => _thawed.TrySetResult();

    /// <summary>Cuts every socket without a closing handshake.</summary>
    public void DropSockets() => _sockets.DropAll();

    /// <summary>Stops listening and forgets queue and history, as a killed process does.</summary>
    public async Task KillAsync()
    {
        await _stopping.CancelAsync();
        _thawed.TrySetResult();
        _sockets.DropAll();
        if (_app is not null)
        {
            await _app.DisposeAsync();
            _app = null;
        }

        await _working;
    }

    /// <summary>Starts again on the same port, with nothing remembered but its files.</summary>
    public async Task ReviveAsync()
    {
        _stopping = new();
        _sockets = new();
        _runner = new(this, _disk, _sockets, _time);
        await ListenAsync();
    }

    /// <summary>Puts a file into a folder (<c>output</c>, <c>input</c> or <c>temp</c>).</summary>
    public void PutFile(string type, string subfolder, string filename, byte[] bytes) => _disk.Write(type, subfolder, filename, bytes);

    /// <summary>The bytes of a file, or null.</summary>
    public byte[]? File(string type, string subfolder, string filename) => _disk.Read(type, subfolder, filename);

    /// <summary>Interrupts what runs, as another user would.</summary>
    public void InterruptRunning() => _runner.Interrupt(null);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _stopping.Dispose();
    }

    internal void Ran(FakePrompt prompt, TimeSpan elapsed) => Runs[prompt.Id] = elapsed;

    internal bool Vanish() => Interlocked.Decrement(ref _vanishings) >= 0;

    internal FakeEngineFault FaultBefore(string type, FakePrompt prompt) => Fault?.Invoke(type, prompt) ?? FakeEngineFault.None;

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, _port);
            k.Limits.MaxRequestBodySize = 100L << 20;
        });
        var app = builder.Build();
        app.UseWebSockets();
        app.Use(InterceptAsync);
        Map(app.MapGroup(_prefix));
        Map(app.MapGroup(_prefix + "/api"));
        await app.StartAsync();
        _port = new Uri(app.Urls.First()).Port;
        _app = app;
        _working = WorkAsync(_runner, _stopping.Token);
    }

    private static async Task WorkAsync(FakeEngineRunner runner, CancellationToken cancellationToken)
    {
        try
        {
            await runner.WorkAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Killed.
        }
    }

    private async Task InterceptAsync(HttpContext context, RequestDelegate next)
    {
        Requests?.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        await Thawed.WaitAsync(context.RequestAborted);
        if (Answer?.Invoke(context.Request) is { } answer)
        {
            await answer.ExecuteAsync(context);
            return;
        }

        await next(context);
    }

    private void Map(RouteGroupBuilder routes)
    {
        var runner = _runner;
        var sockets = _sockets;
        routes.MapPost("/prompt", (Delegate)PromptAsync);
        routes.MapGet("/queue", () => Json(runner.Queue()));
        routes.MapPost("/queue", async (HttpRequest request) =>
        {
            var ids = await IdsAsync(request);
            runner.DeletePending(ids.Contains);
        });
        routes.MapGet("/history/{id}", (string id) => Json(runner.History(id)));
        routes.MapGet("/history", () => Json(runner.History(null)));
        routes.MapPost("/interrupt", async (HttpRequest request) =>
        {
            var body = await JsonSerializer.DeserializeAsync<JsonObject>(request.Body);
            runner.Interrupt((string?)body?["prompt_id"]);
        });
        routes.MapPost("/free", () => { Frees++; });
        routes.MapGet("/object_info", () => Json(Catalogue));
        routes.MapGet("/system_stats", () => Json(new() { ["system"] = new JsonObject { ["comfyui_version"] = "fake" }, ["devices"] = new JsonArray() }));
        routes.MapGet("/view", View);
        routes.MapPost("/upload/image", (Delegate)UploadAsync);
        routes.MapGet("/ws", async (HttpContext context, string? clientId) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var id = string.IsNullOrEmpty(clientId) ? Guid.NewGuid().ToString("N") : clientId;
            var greeting = runner.Status(id).ToJsonString();
            await sockets.ServeAsync(socket, id, System.Text.Encoding.UTF8.GetBytes(greeting), context.Abort);
        });
    }

    private async Task<IResult> PromptAsync(HttpRequest request)
    {
        using var body = await JsonDocument.ParseAsync(request.Body);
        var root = body.RootElement;
        if (!root.TryGetProperty("prompt", out var graph))
        {
            return Results.Content("""{"error": {"type": "no_prompt", "message": "No prompt provided", "details": "No prompt provided", "extra_info": {}}, "node_errors": {}}""", "application/json", statusCode: 400);
        }

        var nodes = JsonNode.Parse(graph.GetRawText())!.AsObject();
        var unknown = nodes.FirstOrDefault(n => (string?)n.Value?["class_type"] == "FakeUnknown");
        if (unknown.Value is not null)
        {
            return Results.Content($$$"""{"error": {"type": "invalid_prompt", "message": "Cannot execute because node FakeUnknown does not exist.", "details": "Node ID '#{{{unknown.Key}}}'", "extra_info": {}}, "node_errors": {}}""", "application/json", statusCode: 400);
        }

        var chosen = root.TryGetProperty("prompt_id", out var id) && !ChoosesPromptIds ? id.GetString()! : Guid.NewGuid().ToString();
        var prompt = new FakePrompt
        {
            Id = chosen,
            Number = Interlocked.Increment(ref _counter),
            ClientId = root.TryGetProperty("client_id", out var client) ? client.GetString() : null,
            RunSeconds = root.TryGetProperty("extra_data", out var extra) && extra.TryGetProperty("run_seconds", out var seconds) ? seconds.GetDouble() : null,
            Graph = nodes,
            GraphText = graph.GetRawText(),
        };
        Submitted.Enqueue(prompt);
        Interlocked.Exchange(ref _accepted, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        _runner.Enqueue(prompt);
        return Json(new() { ["prompt_id"] = prompt.Id, ["number"] = prompt.Number, ["node_errors"] = new JsonObject() });
    }

    private static async Task<HashSet<string>> IdsAsync(HttpRequest request)
    {
        var body = await JsonSerializer.DeserializeAsync<JsonObject>(request.Body);
        return body?["delete"] is JsonArray ids ? [.. ids.Select(i => (string?)i ?? "")] : [];
    }

    private IResult View(string filename, string? subfolder, string? type) => File(type ?? "output", subfolder ?? "", filename) is { } bytes
        ? Results.Bytes(bytes, "application/octet-stream")
        : Results.NotFound();

    private async Task<IResult> UploadAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        var file = form.Files["image"]!;
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes);
        var subfolder = form["subfolder"].ToString();
        PutFile("input", subfolder, file.FileName, bytes.ToArray());
        return Json(new() { ["name"] = file.FileName, ["subfolder"] = subfolder, ["type"] = "input" });
    }

    private static IResult Json(JsonObject value) => Results.Content(value.ToJsonString(), "application/json; charset=utf-8");

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
