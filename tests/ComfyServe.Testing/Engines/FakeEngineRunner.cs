using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace ComfyServe.Testing.Engines;

/// <summary>
/// The queue, the single worker and the history of a <see cref="FakeEngine"/>. The graph is the script:
/// <c>FakeSleep {ms}</c>, <c>FakeSteps {steps, ms}</c>, <c>FakeFail {exception_type, message}</c>, <c>FakeText {text}</c>,
/// <c>FakeEmit {kind, filename, subfolder, type, size}</c>, <c>FakeVanish {}</c> (the run disappears), <c>FakePreview {}</c>;
/// <c>SaveImage</c> and <c>KSampler</c> behave as one expects.
/// </summary>
internal sealed class FakeEngineRunner(FakeEngine engine, FakeDisk disk, FakeEngineSockets sockets, TimeProvider time)
{
    private readonly Lock _gate = new(); // guards _pending, _running and _history
    private readonly List<FakePrompt> _pending = [];
    private readonly OrderedDictionary<string, JsonObject> _history = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private FakePrompt? _running;

    public int Remaining
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count + (_running is null ? 0 : 1);
            }
        }
    }

    /// <summary>The <c>status</c> message; with a socket id as in the greeting.</summary>
    public JsonObject Status(string? socketId)
    {
        var data = new JsonObject { ["status"] = new JsonObject { ["exec_info"] = new JsonObject { ["queue_remaining"] = Remaining } } };
        if (socketId is not null)
        {
            data["sid"] = socketId;
        }

        return new JsonObject { ["type"] = "status", ["data"] = data };
    }

    public void Enqueue(FakePrompt prompt)
    {
        lock (_gate)
        {
            _pending.Add(prompt);
        }

        SendStatus();
        _wake.Writer.TryWrite(true);
    }

    public JsonObject Queue()
    {
        lock (_gate)
        {
            return new JsonObject
            {
                ["queue_running"] = _running is null ? [] : new JsonArray(_running.ToQueueItem()),
                ["queue_pending"] = new JsonArray([.. _pending.Select(p => (JsonNode)p.ToQueueItem())]),
            };
        }
    }

    public JsonObject History(string? id)
    {
        lock (_gate)
        {
            if (id is not null)
            {
                return _history.TryGetValue(id, out var entry) ? new() { [id] = entry.DeepClone() } : [];
            }

            return new JsonObject(_history.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value.DeepClone())));
        }
    }

    public void ForgetHistory(Func<string, bool> which)
    {
        lock (_gate)
        {
            foreach (var id in _history.Keys.Where(which).ToList())
            {
                _history.Remove(id);
            }
        }
    }

    public void DeletePending(Func<string, bool> which)
    {
        lock (_gate)
        {
            _pending.RemoveAll(p => which(p.Id));
        }

        SendStatus();
    }

    public void Interrupt(string? id)
    {
        lock (_gate)
        {
            if (_running is not null && (id is null || _running.Id == id))
            {
                _running.Interruption.Cancel();
            }
        }
    }

    public async Task WorkAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _wake.Reader.ReadAllAsync(cancellationToken))
        {
            while (Take() is { } prompt)
            {
                await engine.Thawed.WaitAsync(cancellationToken);
                await RunAsync(prompt, cancellationToken);
            }
        }
    }

    private FakePrompt? Take()
    {
        lock (_gate)
        {
            _running = _pending.MinBy(p => (p.Number, p.Id));
            if (_running is not null)
            {
                _pending.Remove(_running);
            }

            return _running;
        }
    }

    private async Task RunAsync(FakePrompt prompt, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        Say(prompt, "execution_start", new() { ["prompt_id"] = prompt.Id, ["timestamp"] = Now() }, record: true);
        Say(prompt, "execution_cached", new() { ["nodes"] = new JsonArray(), ["prompt_id"] = prompt.Id, ["timestamp"] = Now() }, record: true);
        string? ending = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, prompt.Interruption.Token);
        foreach (var (id, node) in prompt.Graph)
        {
            ending = await RunNodeAsync(prompt, id, node!, stop.Token);
            if (ending is not null)
            {
                break;
            }

            prompt.Executed.Add(id);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (ending is null)
        {
            Say(prompt, "execution_success", new() { ["prompt_id"] = prompt.Id, ["timestamp"] = Now() }, record: true);
        }

        lock (_gate)
        {
            if (ending != "vanished")
            {
                _history[prompt.Id] = prompt.ToHistory(ending is null ? "success" : "error", ending is null);
            }

            _running = null;
        }

        engine.Ran(prompt, time.GetElapsedTime(started));
        SendStatus();
        if (ending != "vanished")
        {
            Say(prompt, "executing", new() { ["node"] = null, ["prompt_id"] = prompt.Id }, record: false, point: "end");
        }
    }

    private async Task<string?> RunNodeAsync(FakePrompt prompt, string id, JsonNode node, CancellationToken stop)
    {
        Say(prompt, "executing", new() { ["node"] = id, ["display_node"] = id, ["prompt_id"] = prompt.Id }, record: false);
        var type = (string?)node["class_type"];
        try
        {
            switch (type)
            {
                case "FakeSleep":
                    await DelayAsync(FakePrompt.Number32(node, "ms", 10), stop);
                    break;
                case "KSampler" or "FakeSteps":
                    await StepAsync(prompt, id, FakePrompt.Number32(node, "steps", 4), FakePrompt.Number32(node, "ms", 0), stop);
                    break;
                case "FakeFail":
                    Fail(prompt, id, type, node);
                    return "failed";
                case "FakeVanish":
                    return engine.Vanish() ? "vanished" : null;
                case "FakePreview":
                    sockets.SendBinary(prompt.ClientId, PreviewFrame(prompt.Id, id));
                    break;
                case "FakeText":
                    Emit(prompt, id, new() { ["text"] = new JsonArray(FakePrompt.Text(node, "text")) });
                    break;
                case "SaveImage":
                    Emit(prompt, id, SaveFile(prompt, id, "images", FakePrompt.Text(node, "filename_prefix") ?? "ComfyUI", node));
                    break;
                case "FakeEmit":
                    Emit(prompt, id, SaveFile(prompt, id, FakePrompt.Text(node, "kind") ?? "images", null, node));
                    break;
            }

            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            var executed = new JsonArray([.. prompt.Executed.Select(e => (JsonNode)e)]);
            Say(prompt, "execution_interrupted", new() { ["prompt_id"] = prompt.Id, ["node_id"] = id, ["node_type"] = type, ["executed"] = executed, ["timestamp"] = Now() }, record: true);
            return "interrupted";
        }
    }

    private async Task StepAsync(FakePrompt prompt, string id, int steps, int milliseconds, CancellationToken stop)
    {
        for (var step = 1; step <= steps; step++)
        {
            await DelayAsync(milliseconds, stop);
            Say(prompt, "progress", new() { ["value"] = step, ["max"] = steps, ["prompt_id"] = prompt.Id, ["node"] = id }, record: false);
        }
    }

    private Task DelayAsync(int milliseconds, CancellationToken stop) =>
        milliseconds <= 0 ? Task.CompletedTask : Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time, stop);

    private void Fail(FakePrompt prompt, string id, string type, JsonNode node) => Say(prompt, "execution_error", new()
    {
        ["prompt_id"] = prompt.Id,
        ["node_id"] = id,
        ["node_type"] = type,
        ["executed"] = new JsonArray([.. prompt.Executed.Select(e => (JsonNode)e)]),
        ["exception_message"] = (FakePrompt.Text(node, "message") ?? "it broke") + "\n",
        ["exception_type"] = FakePrompt.Text(node, "exception_type") ?? "RuntimeError",
        ["traceback"] = new JsonArray("  File \"/secret/place.py\", line 1\n"),
        ["current_inputs"] = new JsonObject(),
        ["current_outputs"] = new JsonArray(),
        ["timestamp"] = Now(),
    }, record: true);

    private void Emit(FakePrompt prompt, string id, JsonObject shown)
    {
        prompt.Outputs[id] = shown.DeepClone();
        Say(prompt, "executed", new() { ["node"] = id, ["display_node"] = id, ["output"] = shown, ["prompt_id"] = prompt.Id }, record: false);
    }

    private JsonObject SaveFile(FakePrompt prompt, string id, string kind, string? prefix, JsonNode node)
    {
        var number = disk.NextNumber();
        var filename = prefix is null
            ? FakePrompt.Text(node, "filename") ?? $"file_{number.ToString("00000", CultureInfo.InvariantCulture)}_.bin"
            : $"{prefix[(prefix.LastIndexOf('/') + 1)..]}_{number.ToString("00000", CultureInfo.InvariantCulture)}_.png";
        var subfolder = FakePrompt.Text(node, "subfolder") ?? (prefix?.LastIndexOf('/') is > 0 and var slash ? prefix[..slash] : "");
        var type = FakePrompt.Text(node, "type") ?? "output";
        if (node["inputs"]?["missing"] is null)
        {
            disk.Write(type, subfolder, filename, FakeImage.Png(prompt.Id, FakePrompt.Number32(node, "size", 256)));
        }

        return new JsonObject { [kind] = new JsonArray(new JsonObject { ["filename"] = filename, ["subfolder"] = subfolder, ["type"] = type }) };
    }

    private void Say(FakePrompt prompt, string type, JsonObject data, bool record, string? point = null)
    {
        if (record)
        {
            prompt.Messages.Add(new JsonArray(type, data.DeepClone()));
        }

        switch (engine.FaultBefore(point ?? type, prompt))
        {
            case FakeEngineFault.DropSockets:
                sockets.DropAll();
                break;
            case FakeEngineFault.Swallow:
                return;
        }

        sockets.Send(prompt.ClientId, new JsonObject { ["type"] = type, ["data"] = data }.ToJsonString());
    }

    private void SendStatus() => sockets.Broadcast(Status(null).ToJsonString());

    private static byte[] PreviewFrame(string promptId, string nodeId)
    {
        var meta = Encoding.UTF8.GetBytes($$"""{"node_id": "{{nodeId}}", "prompt_id": "{{promptId}}", "display_node_id": "{{nodeId}}", "image_type": "image/jpeg"}""");
        byte[] image = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3];
        return [0, 0, 0, 4, (byte)(meta.Length >> 24), (byte)(meta.Length >> 16), (byte)(meta.Length >> 8), (byte)meta.Length, .. meta, .. image];
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
