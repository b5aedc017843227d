using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ComfyServe.Engine.Previews;
using ComfyServe.Engine.Queue;
using ComfyServe.Engine.Tests.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Sends a scenario's requests to our engine in the recorded order and collects what comes back.</summary>
internal sealed class TraceReplay : IAsyncDisposable
{
    /// <summary>How long a message may be late while nothing runs.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(5);

    private readonly Trace _trace;
    private readonly string _webRoot = Directory.CreateTempSubdirectory("comfyserve-web-").FullName;
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly List<TraceSocket> _sockets = [];
    private readonly RunGate _gate = new();

    // A word for each message of any client; those that nobody waits for are one.
    private readonly Channel<bool> _arrived = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
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
        replay._gate.Open();
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
        _gate.Open();
        foreach (var socket in _sockets)
        {
            await socket.DisposeAsync();
        }

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
            builder => builder.Services.AddSingleton(new PromptNumbers(FirstNumber() - Primes(_trace).Count())).AddSingleton<TimeProvider>(_gate));
        _gate.Queue = _engine.Services.GetRequiredService<PromptQueue>();
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
        var told = _trace.Messages.Select(Trace.PromptId).OfType<string>().ToHashSet(StringComparer.Ordinal);
        _gate.Close();
        foreach (var entry in _trace.Events)
        {
            var (name, kind) = Trace.Socket(entry);
            switch (kind)
            {
                case "ws_open":
                    _sockets.Add(await TraceSocket.ConnectAsync(name, _engine.Url, (string)entry["path"]!, _arrived.Writer));
                    break;
                case "ws_send":
                    await Socket(name).SendAsync((string)entry["text"]!);
                    break;
                case "ws_close":
                    var closed = Socket(name);
                    _sockets.Remove(closed);
                    await closed.DisposeAsync();
                    break;
                case "ws_text" or "ws_binary":
                    Begin(entry);
                    await ReceiveAsync(name, entry);
                    break;
                case "http_request":
                    request = entry;
                    reply = _engine.Client.SendAsync(TraceRequest.Build(entry, _engine.Url, AsOurs), TestContext.Current.CancellationToken);
                    break;
                case "http_response":
                    await KeepAsync(request!, entry, await reply!, told);
                    break;
                default:
                    Assert.Fail($"an event of kind '{Trace.Kind(entry)}' cannot be replayed");
                    break;
            }
        }
    }

    /// <summary>The client of a name; where the scenario names none, the one that connected last.</summary>
    private TraceSocket Socket(string name) => _sockets.LastOrDefault(s => s.Name == name) ?? _sockets[^1];

    /// <summary>Lets the run begin that a recorded message is the first to tell of.</summary>
    private void Begin(JsonObject entry)
    {
        if (Trace.Kind(entry).EndsWith("text", StringComparison.Ordinal) && Trace.PromptId(JsonNode.Parse((string)entry["text"]!)!.AsObject()) is { } recorded && _ids.TryGetValue(recorded, out var ours))
        {
            _gate.Release(ours);
        }
    }

    private async Task ReceiveAsync(string name, JsonObject entry)
    {
        // Where clients have no names, a message is that of the client to whom one of its type comes next.
        List<TraceSocket> candidates = _sockets.Exists(s => s.Name != "") ? [Socket(name)] : [.. _sockets];
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var socket = candidates.Find(s => s.Fits(entry)) ?? (candidates.Count == 1 && candidates[0].TryPeek(out _) ? candidates[0] : null);
            if (socket is not null)
            {
                var (text, bytes) = socket.Take();
                _messages.Add((entry, text, bytes));
                return;
            }

            using var glance = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            glance.CancelAfter(Glance);
            var isIdle = _engine.Services.GetRequiredService<PromptQueue>().Remaining == 0;
            try
            {
                _ = await _arrived.Reader.ReadAsync(glance.Token);
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested && !isIdle && Stopwatch.GetElapsedTime(start) < TestSocket.Patience)
            {
                // Something runs: its messages may still come.
            }
            catch (OperationCanceledException)
            {
                var last = _messages.TakeLast(4).Select(m => m.Text ?? $"{m.Bytes.Length} bytes");
                var other = _messages.FindIndex(static m => m.Recorded["text"] is { } text && (m.Text is null || TraceSocket.TypeOf(m.Text) != TraceSocket.TypeOf((string)text!)));
                var first = other < 0 ? "" : $"\nthe first of another kind was message {other}, {_messages[other].Text}, where ComfyUI sent {_messages[other].Recorded["text"]}";
                Assert.Fail($"no message came where ComfyUI sent {entry.ToJsonString()}; the last ones were:\n{string.Join('\n', last)}{first}");
            }
        }
    }

    private async Task KeepAsync(JsonObject request, JsonObject recorded, HttpResponseMessage reply, HashSet<string> told)
    {
        _replies.Add((request, recorded, reply));
        if ((string?)recorded["json"]?.AsObjectOrNull()?["prompt_id"] is { } id && reply.IsSuccessStatusCode)
        {
            var ours = JsonNode.Parse(await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            _ids[id] = (string?)ours["prompt_id"] ?? "(none)";
            if (!told.Contains(id))
            {
                _gate.Release(_ids[id]); // no message tells of it
            }
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
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TestSocket.Patience);
        foreach (var socket in _sockets)
        {
            while (await socket.WaitAsync(limit.Token) && socket.Take() is var (text, bytes) && text?.StartsWith("{\"type\": \"status\"", StringComparison.Ordinal) != true)
            {
                surplus.Add(text ?? Encoding.ASCII.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 64))));
            }
        }

        Surplus = surplus;
    }
}
