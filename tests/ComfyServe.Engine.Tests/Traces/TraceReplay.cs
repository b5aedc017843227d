using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Previews;
using ComfyServe.Engine.Queue;
using ComfyServe.Engine.Tests.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Sends a scenario's requests to our engine in the recorded order and collects what comes back.</summary>
internal sealed class TraceReplay : IAsyncDisposable
{
    private readonly Trace _trace;
    private readonly string _webRoot = Directory.CreateTempSubdirectory("comfyserve-web-").FullName;
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly List<TestSocket> _sockets = [];
    private readonly List<(JsonObject Recorded, string? Text, byte[] Bytes)> _messages = [];
    private readonly List<(JsonObject Request, JsonObject Recorded, HttpResponseMessage Reply)> _replies = [];
    private TestEngine _engine = null!;

    private TraceReplay(Trace trace) => _trace = trace;

    public TestEngine Engine => _engine;

    /// <summary>Messages that came where one was recorded.</summary>
    public IReadOnlyList<(JsonObject Recorded, string? Text, byte[] Bytes)> Messages => _messages;

    /// <summary>Replies with the recorded ones.</summary>
    public IReadOnlyList<(JsonObject Request, JsonObject Recorded, HttpResponseMessage Reply)> Replies => _replies;

    /// <summary>Messages that came after the last recorded one.</summary>
    public IReadOnlyList<string> Surplus { get; private set; } = [];

    /// <summary>Runs a scenario against an engine of its own.</summary>
    public static async Task<TraceReplay> RunAsync(Trace trace, bool usesReference)
    {
        var replay = new TraceReplay(trace);
        await replay.StartAsync(usesReference);
        foreach (var prime in Primes(trace))
        {
            await replay.PrimeAsync(prime);
        }

        await replay.FollowAsync();
        await replay.CollectSurplusAsync();
        return replay;
    }

    /// <summary>Our text with recorded ids and the recorded folder in place of ours.</summary>
    public string AsRecorded(string text)
    {
        foreach (var (recorded, ours) in _ids)
        {
            text = text.Replace(ours, recorded, StringComparison.Ordinal);
        }

        return text.Replace(_engine.Folders.Root, "/comfyui", StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _sockets.ForEach(s => s.Dispose());
        _replies.ForEach(r => r.Reply.Dispose());
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        Directory.Delete(_webRoot, recursive: true);
    }

    private async Task StartAsync(bool usesReference)
    {
        var index = _trace.Exchanges.FirstOrDefault(e => (string?)e.Request["path"] == "/").Response;
        await File.WriteAllTextAsync(Path.Combine(_webRoot, "index.html"), (string?)index?["text"] ?? "", TestContext.Current.CancellationToken);
        _engine = await TestEngine.StartAsync(
            options =>
            {
                options.WebRoot = _webRoot;
                options.Previews = PreviewMethod.Latent2Rgb;
                options.Fp32 = true;
            },
            folders => new TraceSeeds(_trace, folders).Write(usesReference),
            builder => builder.Services.AddSingleton(new PromptNumbers(FirstNumber() - Primes(_trace).Count())));
    }

    /// <summary>The number that the first request for one gets.</summary>
    private long FirstNumber()
    {
        var before = 0;
        foreach (var (request, response) in _trace.Exchanges.Where(e => (string?)e.Request["method"] == "POST" && Trace.Route(e.Request) == "/prompt"))
        {
            var isCounted = request["json"] is JsonObject body ? !body.ContainsKey("number") : request["json"] is not null || Trace.Status(response) == 400;
            if (isCounted && response["json"]?["number"] is { } number)
            {
                return Math.Abs((long)number) - before;
            }

            before += isCounted ? 1 : 0;
        }

        return 0;
    }

    /// <summary>What must have run before: nodes that were cached when the scenario's first prompt started.</summary>
    private static IEnumerable<JsonObject> Primes(Trace trace)
    {
        if (trace.Messages.FirstOrDefault(m => (string?)m["type"] == "execution_cached") is { } cached
            && cached["data"]!["nodes"]!.AsArray().Select(n => (string)n!).ToHashSet() is { Count: > 0 } ids
            && trace.Prompts.FirstOrDefault(p => (string?)p.Response["json"]?["prompt_id"] == (string?)cached["data"]!["prompt_id"]).Prompt is JsonObject prompt)
        {
            var nodes = prompt.Where(n => ids.Contains(n.Key)).Select(n => KeyValuePair.Create(n.Key, n.Value?.DeepClone())).ToList();
            var shown = ids.Select(id => KeyValuePair.Create<string, JsonNode?>(
                $"shows {id}", new JsonObject { ["class_type"] = "PreviewAny", ["inputs"] = new JsonObject { ["source"] = new JsonArray(id, 0) } }));

            // With the outputs themselves among the cached nodes nothing else is needed to run them.
            yield return new JsonObject([.. nodes, .. ids.SetEquals(prompt.Select(n => n.Key)) ? [] : shown]);
        }
    }

    private async Task PrimeAsync(JsonObject prompt)
    {
        using var socket = await _engine.ConnectAsync("prime");
        using var reply = await _engine.PostAsync("/prompt", new JsonObject { ["prompt"] = prompt, ["client_id"] = "prime" }.ToJsonString());
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        while ((await socket.ReceiveAsync()).Text is not { } text || !text.StartsWith("{\"type\": \"executing\", \"data\": {\"node\": null", StringComparison.Ordinal))
        {
            // Its messages are not part of the scenario.
        }
    }

    private async Task FollowAsync()
    {
        var (request, reply) = (default(JsonObject), default(Task<HttpResponseMessage>));
        foreach (var entry in _trace.Events)
        {
            switch (Trace.Kind(entry))
            {
                case "ws_open":
                    _sockets.Add(await TestSocket.ConnectAsync(_engine.Url, (string)entry["path"]!));
                    break;
                case "ws_send":
                    await _sockets[^1].SendAsync((string)entry["text"]!);
                    break;
                case "ws_close":
                    _sockets[^1].Dispose();
                    break;
                case "ws_text" or "ws_binary":
                    await ReceiveAsync(entry);
                    break;
                case "http_request":
                    request = entry;
                    reply = _engine.Client.SendAsync(TraceRequest.Build(entry, _engine.Url, AsOurs), TestContext.Current.CancellationToken);
                    break;
                case "http_response":
                    await KeepAsync(request!, entry, await reply!);
                    break;
                default:
                    Assert.Fail($"an event of kind '{Trace.Kind(entry)}' cannot be replayed");
                    break;
            }
        }
    }

    private async Task ReceiveAsync(JsonObject entry)
    {
        try
        {
            var (text, bytes) = await _sockets[^1].ReceiveAsync();
            _messages.Add((entry, text, bytes));
        }
        catch (OperationCanceledException)
        {
            var last = _messages.TakeLast(4).Select(m => m.Text ?? $"{m.Bytes.Length} bytes");
            Assert.Fail($"no message came where ComfyUI sent {entry.ToJsonString()}; the last ones were:\n{string.Join('\n', last)}");
        }
    }

    private async Task KeepAsync(JsonObject request, JsonObject recorded, HttpResponseMessage reply)
    {
        _replies.Add((request, recorded, reply));
        if ((string?)recorded["json"]?.AsObjectOrNull()?["prompt_id"] is { } id && reply.IsSuccessStatusCode)
        {
            var ours = JsonNode.Parse(await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            _ids[id] = (string?)ours["prompt_id"] ?? "(none)";
        }
    }

    private string AsOurs(string text)
    {
        foreach (var (recorded, ours) in _ids)
        {
            text = text.Replace(recorded, ours, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>A change of the queue tells everybody: what came before it and was not recorded is too much.</summary>
    private async Task CollectSurplusAsync()
    {
        if (_sockets.Count == 0)
        {
            return;
        }

        var surplus = new List<string>();
        using var mark = await _engine.PostAsync("/queue", """{"clear": true}""");
        while ((await _sockets[^1].ReceiveAsync()) is var (text, bytes) && text?.StartsWith("{\"type\": \"status\"", StringComparison.Ordinal) != true)
        {
            surplus.Add(text ?? Encoding.ASCII.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 64))));
        }

        Surplus = surplus;
    }
}
