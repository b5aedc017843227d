using System.Globalization;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Scenarios of kinds that the recorded ones do not have, put together from what a real ComfyUI sends: the replay must follow them too.</summary>
public sealed class MadeScenarioTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-traces-").FullName;
    private readonly JsonArray _events = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Clients are told apart by a field, by the kind, or by nothing at all.</summary>
    [Theory]
    [InlineData("ws", "a", "ws", "b")]
    [InlineData("ws", null, "ws2", null)]
    [InlineData("ws_a", null, "ws_b", null)]
    [InlineData("ws", null, "ws", null)]
    public async Task Replay_SecondClient_HasASocketOfItsOwn(string mine, string? name, string other, string? otherName)
    {
        Event($"{mine}_open", name, "path", "/ws?clientId=me");
        Text(mine, name, Status(0, "me"));
        Event($"{other}_open", otherName, "path", "/ws?clientId=other");
        Text(other, otherName, Status(0, "other"));
        Post("A", "A", 4, "me");
        foreach (var message in (string[])[Status(1), Status(1), .. Run("A"), Status(0)])
        {
            Text(mine, name, message);
            if (message.StartsWith("{\"type\": \"status\"", StringComparison.Ordinal))
            {
                Text(other, otherName, message);
            }
        }

        Text(mine, name, End("A"));

        await AssertFollowedAsync();
    }

    /// <summary>Issue 11: ours had run the prompts before the one that goes to the front was there, and a message never came.</summary>
    [Fact]
    public async Task Replay_PromptsWithFrontNumberAndTargets_RunInTheRecordedOrder()
    {
        Event("ws_open", null, "path", "/ws?clientId=me");
        Text("ws", null, Status(0, "me"));
        Post("A", "A", 4, "me");
        Text("ws", null, Status(1));
        Text("ws", null, Status(1));
        Post("B", "B", 5, "me");
        Text("ws", null, Status(2));
        Post("C", "C", -6, "me", ("front", true));
        Text("ws", null, Status(3));
        Post("D", "D", 0.5, "me", ("number", 0.5), ("partial_execution_targets", new JsonArray("2")));
        Text("ws", null, Status(4));
        var left = 4;
        foreach (var id in (string[])["A", "C", "D", "B"])
        {
            if (left < 4)
            {
                Text("ws", null, Status(left));
            }

            foreach (var message in (string[])[.. Run(id), Status(--left), End(id)])
            {
                Text("ws", null, message);
            }
        }

        await AssertFollowedAsync();
    }

    [Fact]
    public async Task Replay_MessageThatNeverComes_IsSaidSoonAfterTheQueueIsEmpty()
    {
        Event("ws_open", null, "path", "/ws?clientId=me");
        Text("ws", null, Status(0, "me"));
        Text("ws", null, Run("A")[2]);

        var failure = await Assert.ThrowsAnyAsync<Exception>(AssertFollowedAsync);

        Assert.Contains("no message came where ComfyUI sent", failure.Message, StringComparison.Ordinal);
    }

    private async Task AssertFollowedAsync()
    {
        var path = Path.Combine(_folder, "made.json");
        await File.WriteAllTextAsync(path, new JsonObject { ["events"] = _events }.ToJsonString(), TestContext.Current.CancellationToken);

        await using var replay = await TraceReplay.RunAsync(Trace.Load(path), usesReference: false);

        Assert.All(replay.Replies, static r => Assert.True(r.Reply.IsSuccessStatusCode));
        Assert.All(replay.Messages, m => Assert.Equal(Even((string)m.Recorded["text"]!), Even(replay.AsRecorded(m.Text!))));
        Assert.Empty(replay.Surplus);
    }

    private static string? Even(string message) => TraceComparison.Even(JsonNode.Parse(message))?.ToJsonString();

    private void Event(string kind, string? client, string field, JsonNode value)
    {
        var entry = new JsonObject { ["kind"] = kind, [field] = value };
        if (client is not null)
        {
            entry["client"] = client;
        }

        _events.Add(entry);
    }

    private void Text(string socket, string? client, string message) => Event($"{socket}_text", client, "text", message);

    /// <summary>A prompt that saves a picture of its own, and the answer to it.</summary>
    private void Post(string id, string name, double number, string client, params (string Name, JsonNode Value)[] fields)
    {
        var body = new JsonObject
        {
            ["prompt"] = new JsonObject
            {
                ["1"] = new JsonObject { ["class_type"] = "EmptyImage", ["inputs"] = new JsonObject { ["width"] = 16, ["height"] = 16, ["batch_size"] = 1, ["color"] = (int)name[0] } },
                ["2"] = new JsonObject { ["class_type"] = "SaveImage", ["inputs"] = new JsonObject { ["images"] = new JsonArray("1", 0), ["filename_prefix"] = name } },
            },
            ["client_id"] = client,
        };
        foreach (var (field, value) in fields)
        {
            body[field] = value;
        }

        _events.Add(new JsonObject { ["kind"] = "http_request", ["method"] = "POST", ["path"] = "/prompt", ["json"] = body });
        _events.Add(new JsonObject
        {
            ["kind"] = "http_response",
            ["status"] = 200,
            ["json"] = new JsonObject { ["prompt_id"] = Id(id), ["number"] = number, ["node_errors"] = new JsonObject() },
        });
    }

    private static string Id(string name) => $"00000000-0000-0000-0000-00000000000{name}";

    private static string Status(int remaining, string? sid = null)
    {
        var greeting = sid is null ? "" : $", \"sid\": \"{sid}\"";
        return Message("status", string.Create(CultureInfo.InvariantCulture, $"{{\"status\": {{\"exec_info\": {{\"queue_remaining\": {remaining}}}}}{greeting}}}"));
    }

    private static string End(string id) => Message("executing", $$"""{"node": null, "prompt_id": "{{Id(id)}}"}""");

    /// <summary>What ComfyUI sends of a run of both nodes, up to its success.</summary>
    private static string[] Run(string id)
    {
        var (start, prompt) = ("\"timestamp\": 1", $"\"prompt_id\": \"{Id(id)}\"");
        return
        [
            Message("execution_start", $"{{{prompt}, {start}}}"),
            Message("execution_cached", $"{{\"nodes\": [], {prompt}, {start}}}"),
            Progress(id, ("1", 0)),
            Executing(id, "1"),
            Progress(id, ("1", 1)),
            Progress(id, ("1", 1), ("2", 0)),
            Executing(id, "2"),
            Message("executed", $$"""{"node": "2", "display_node": "2", "output": {"images": [{"filename": "{{id}}_00001_.png", "subfolder": "", "type": "output"}]}, {{prompt}}}"""),
            Progress(id, ("1", 1), ("2", 1)),
            Message("execution_success", $"{{{prompt}, {start}}}"),
        ];
    }

    private static string Executing(string id, string node) => Message("executing", $$"""{"node": "{{node}}", "display_node": "{{node}}", "prompt_id": "{{Id(id)}}"}""");

    private static string Progress(string id, params (string Node, int Value)[] nodes)
    {
        var states = nodes.Select(n => KeyValuePair.Create<string, JsonNode?>(n.Node, new JsonObject
        {
            ["value"] = (double)n.Value,
            ["max"] = 1.0,
            ["state"] = n.Value == 1 ? "finished" : "running",
            ["node_id"] = n.Node,
            ["prompt_id"] = Id(id),
            ["display_node_id"] = n.Node,
            ["parent_node_id"] = null,
            ["real_node_id"] = n.Node,
        }));
        return Message("progress_state", PythonJson.Write(new JsonObject { ["prompt_id"] = Id(id), ["nodes"] = new JsonObject(states) }));
    }

    private static string Message(string type, string data) => $$"""{"type": "{{type}}", "data": {{data}}}""";
}
