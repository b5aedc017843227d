using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Previews;
using ComfyServe.Engine.Queue;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Engine.Tests.Http;

public sealed class PromptTests
{
    private const string Instant =
        """{"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 255}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""";

    private const string Waiting =
        """{"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0}}, "2": {"class_type": "TestWait", "inputs": {}}, "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}}, "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}}}""";

    [Fact]
    public async Task Post_WithClient_SendsTheWholeStoryAndKeepsIt()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");

        var reply = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me", "prompt_id": "mine"}""");
        var story = await socket.ReceiveUntilAsync(IsEnd);
        var history = await engine.GetJsonAsync("/history/mine");

        Assert.Equal("""{"prompt_id":"mine","number":0,"node_errors":{}}""", reply.ToJsonString());
        Assert.Equal(
            [
                "status", "status", "status", "execution_start", "execution_cached", "progress_state", "executing", "progress_state", "progress_state",
                "executing", "executed", "progress_state", "execution_success", "status", "executing",
            ],
            story.Select(Type));
        Assert.Equal("x_00001_.png", (string?)history!["mine"]!["outputs"]!["2"]!["images"]![0]!["filename"]);
        Assert.Equal(["prompt", "outputs", "status", "meta"], history["mine"]!.AsObject().Select(p => p.Key));
    }

    [Fact]
    public async Task Post_SameGraphAgain_IsServedFromTheCache()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me"}""");
        _ = await socket.ReceiveUntilAsync(IsEnd);

        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me"}""");
        var story = await socket.ReceiveUntilAsync(IsEnd);

        Assert.Equal(
            ["status", "status", "execution_start", "execution_cached", "executed", "progress_state", "execution_success", "status", "executing"], story.Select(Type));
        Assert.Single(Directory.GetFiles(engine.Folders.Output));
    }

    [Fact]
    public async Task Post_WithoutClient_TellsAStrangerOnlyTheProgress()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("stranger");

        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}}""");
        var story = await socket.ReceiveUntilAsync(m => Type(m) == "status" && (int?)m["data"]!["status"]!["exec_info"]!["queue_remaining"] == 0 && m["data"]!["sid"] is null);

        Assert.Equal(["progress_state", "status"], story.Select(Type).Distinct().Order());
    }

    [Theory]
    [InlineData("", "40")]
    [InlineData(", \"front\": true", "-40")]
    [InlineData(", \"number\": 3.5", "3.5")]
    [InlineData(", \"number\": 7", "7.0")]
    [InlineData(", \"number\": \"8\"", "8.0")]
    public async Task Post_Number_IsCountedOrChosen(string field, string expected)
    {
        await using var engine = await TestEngine.StartAsync(configure: b => b.Services.AddSingleton(new PromptNumbers(40)));

        using var reply = await engine.PostAsync("/prompt", $$"""{"prompt": {{Instant}}{{field}}, "prompt_id": "p"}""");

        Assert.Equal($$$"""{"prompt_id": "p", "number": {{{expected}}}, "node_errors": {}}""", await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Post_RefusedPrompts_CountToo()
    {
        await using var engine = await TestEngine.StartAsync();
        using var none = await engine.PostAsync("/prompt", "{}");
        using var list = await engine.PostAsync("/prompt", "[1]");
        using var empty = await engine.PostAsync("/prompt", """{"prompt": {}}""");
        using var chosen = await engine.PostAsync("/prompt", $$"""{"prompt": {{Instant}}, "number": 3.5}""");

        var reply = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}}""");

        Assert.All([none, list, empty], r => Assert.Equal(HttpStatusCode.BadRequest, r.StatusCode));
        Assert.Equal(3, (int?)reply["number"]);
    }

    /// <summary>Issue 11: a fifth of instant prompts was told of before the answer that names them.</summary>
    [Fact]
    public async Task Post_AnswerThatIsNotWrittenYet_HoldsBackItsClientsMessages()
    {
        var answers = new HeldAnswers();
        await using var engine = await TestEngine.StartAsync(configure: b => b.Services.AddSingleton<IStartupFilter>(answers));
        using var other = await engine.ConnectAsync("other");
        using var socket = await engine.ConnectAsync("me");
        _ = await other.ReceiveAsync();
        _ = await socket.ReceiveAsync();

        var answer = SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me", "prompt_id": "mine"}""");
        var told = socket.ReceiveUntilAsync(IsEnd);
        _ = await other.ReceiveUntilAsync(m => Type(m) == "status" && (int?)m["data"]!["status"]!["exec_info"]!["queue_remaining"] == 0);
        var wasTold = told.IsCompleted;
        answers.Release();

        Assert.Equal("mine", (string?)(await answer)["prompt_id"]);
        Assert.Equal("mine", (string?)(await told)[^1]["data"]!["prompt_id"]);
        Assert.False(wasTold, "the end was told before the answer was on its way");
    }

    /// <summary>Python's <c>in</c>: a text holds each id that is part of it.</summary>
    [Theory]
    [InlineData("\"3\"", "3")]
    [InlineData("\"2 and 3\"", "2 3")]
    [InlineData("[\"2\"]", "2")]
    [InlineData("[2]", "")]
    [InlineData("{\"3\": 1}", "3")]
    [InlineData("\"\"", "")]
    [InlineData("null", "2 3")]
    public async Task Post_PartialTargets_AreThoseThatPythonFinds(string targets, string expected)
    {
        const string TwoOutputs =
            """{"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 255}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}, "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""";
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");

        using var reply = await engine.PostAsync("/prompt", $$"""{"prompt": {{TwoOutputs}}, "client_id": "me", "prompt_id": "p", "partial_execution_targets": {{targets}}}""");

        Assert.Equal(expected.Length > 0, reply.IsSuccessStatusCode);
        if (expected.Length > 0)
        {
            _ = await socket.ReceiveUntilAsync(IsEnd);
            var history = await engine.GetJsonAsync("/history/p");
            Assert.Equal(expected.Split(' '), history!["p"]!["outputs"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData("5")]
    [InlineData("true")]
    public async Task Post_PartialTargetsThatAreNoList_FailAsInPython(string targets)
    {
        await using var engine = await TestEngine.StartAsync();

        using var reply = await engine.PostAsync("/prompt", $$"""{"prompt": {{Instant}}, "partial_execution_targets": {{targets}}}""");

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
    }

    /// <summary>Python's strings hold half surrogates; its JSON writes them as they came.</summary>
    [Theory]
    [InlineData("a \\ud83d smile", "\"a \\ud83d smile\"")]
    [InlineData("\\udc00\\ud800", "\"\\udc00\\ud800\"")]
    [InlineData("\\ud83d\\ude00 \\\" \\n \\/ \\u0041", "\"\\ud83d\\ude00 \\\" \\n / A\"")]
    public async Task Post_HalfSurrogates_RunAndComeBackAsTheyWere(string text, string expected)
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");

        var reply = await SubmitAsync(engine, $$$"""{"prompt": {{{Instant}}}, "client_id": "me", "prompt_id": "p", "extra_data": {"{{{text}}}": "{{{text}}}"}}""");
        _ = await socket.ReceiveUntilAsync(IsEnd);
        using var history = await engine.GetAsync("/history/p");

        Assert.Equal("p", (string?)reply["prompt_id"]);
        Assert.Contains($"{expected}: {expected}", await history.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_BytesThatAreNotUtf8_AreNoJson()
    {
        await using var engine = await TestEngine.StartAsync();
        using var content = new ByteArrayContent([.. """{"prompt": {}, "extra_data": {"a": "x"""u8, 0xFF, .. "\"}}"u8]);

        using var reply = await engine.Client.PostAsync("/prompt", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
    }

    [Theory]
    [InlineData("\"text\"", "text")]
    [InlineData("7", "7")]
    [InlineData("null", "None")]
    [InlineData("true", "True")]
    public async Task Post_PromptId_IsATextAlways(string given, string expected)
    {
        await using var engine = await TestEngine.StartAsync();

        var reply = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "prompt_id": {{given}}}""");

        Assert.Equal(expected, (string?)reply["prompt_id"]);
    }

    [Fact]
    public async Task Interrupt_RunningPrompt_EndsItAndTheNextOneRuns()
    {
        await using var engine = await TestEngine.StartAsync(o => o.NodePacks = [typeof(WaitingNode).Assembly]);
        using var socket = await engine.ConnectAsync("me");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Waiting}}, "client_id": "me", "prompt_id": "long"}""");
        _ = await socket.ReceiveUntilAsync(m => Type(m) == "progress");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me", "prompt_id": "next"}""");

        using var other = await engine.PostAsync("/interrupt", """{"prompt_id": "next"}""");
        var running = await engine.GetJsonAsync("/queue");
        using var late = await engine.ConnectAsync("me");
        using var right = await engine.PostAsync("/interrupt", """{"prompt_id": "long"}""");
        var greeting = await late.ReceiveJsonAsync();
        var current = await late.ReceiveJsonAsync();
        var story = await late.ReceiveUntilAsync(m => IsEnd(m) && (string?)m["data"]!["prompt_id"] == "next");
        var history = await engine.GetJsonAsync("/history");

        Assert.Equal(("long", "next"), ((string?)running!["queue_running"]![0]![1], (string?)running["queue_pending"]![0]![1]));
        Assert.Equal("status", Type(greeting));
        Assert.Equal("""{"type":"executing","data":{"node":"2"}}""", current.ToJsonString());
        var interrupted = story.First(m => Type(m) == "execution_interrupted")["data"]!;
        Assert.Equal(("2", "TestWait"), ((string?)interrupted["node_id"], (string?)interrupted["node_type"]));
        Assert.Equal("""{"status_str":"error","completed":false}""", Status(history!["long"]!));
        Assert.Equal("""{"status_str":"success","completed":true}""", Status(history["next"]!));
    }

    [Theory]
    [InlineData("""{"1": {"class_type": "Nope", "inputs": {}}}""", 400)]
    [InlineData("""{"1": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""", 400)]
    [InlineData("""{"1": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}}, "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}, "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""", 400)]
    [InlineData("""{"1": {"class_type": "EmptyImage", "inputs": {"width": 99999999, "height": 16, "batch_size": 1, "color": 0}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""", 400)]
    [InlineData("""{"1": {"class_type": "LoadImage", "inputs": {"image": "gone.png"}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""", 400)]
    [InlineData("""{"1": {"class_type": "LoadImage", "inputs": {"image": "corrupt.png"}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""", 200)]
    [InlineData("""{"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "../../x"}}}""", 200)]
    [InlineData("""{"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "corrupt.safetensors"}}, "2": {"class_type": "EmptyLatentImage", "inputs": {"width": 16, "height": 16, "batch_size": 1}}, "3": {"class_type": "VAEDecode", "inputs": {"samples": ["2", 0], "vae": ["1", 2]}}, "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}}""", 200)]
    public async Task Post_BadPrompt_FailsAloneAndTheNextOneRuns(string prompt, int status)
    {
        await using var engine = await TestEngine.StartAsync(prepare: folders =>
        {
            Directory.CreateDirectory(folders.Input);
            Directory.CreateDirectory(Path.Combine(folders.Models, "checkpoints"));
            File.WriteAllText(Path.Combine(folders.Input, "corrupt.png"), "no image");
            File.WriteAllText(Path.Combine(folders.Models, "checkpoints", "corrupt.safetensors"), "this is no checkpoint at all");
        });
        using var socket = await engine.ConnectAsync("me");

        using var reply = await engine.PostAsync("/prompt", $$"""{"prompt": {{prompt}}, "client_id": "me", "prompt_id": "bad"}""");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me", "prompt_id": "good"}""");
        var story = await socket.ReceiveUntilAsync(m => IsEnd(m) && (string?)m["data"]!["prompt_id"] == "good");
        var history = await engine.GetJsonAsync("/history");

        Assert.Equal(status, (int)reply.StatusCode);
        Assert.Equal("""{"status_str":"success","completed":true}""", Status(history!["good"]!));
        if (status == 200)
        {
            Assert.Contains(story, m => Type(m) == "execution_error");
            Assert.Equal("""{"status_str":"error","completed":false}""", Status(history["bad"]!));
        }
    }

    [Fact]
    public async Task Post_SixtyMegabytePrompt_Runs()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");

        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me", "prompt_id": "big", "note": "{{new string('x', 60 << 20)}}"}""");
        var story = await socket.ReceiveUntilAsync(IsEnd);

        Assert.Contains(story, m => Type(m) == "execution_success");
    }

    [Fact]
    public async Task Post_FullQueue_Is503()
    {
        await using var engine = await TestEngine.StartAsync(o => (o.NodePacks, o.MaxQueuedPrompts) = ([typeof(WaitingNode).Assembly], 1));
        using var socket = await engine.ConnectAsync("me");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Waiting}}, "client_id": "me"}""");
        _ = await socket.ReceiveUntilAsync(m => Type(m) == "progress");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}}""");

        using var reply = await engine.PostAsync("/prompt", $$"""{"prompt": {{Instant}}}""");
        using var cleared = await engine.PostAsync("/queue", """{"clear": true}""");
        using var interrupted = await engine.PostAsync("/interrupt", "");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
    }

    [Fact]
    public async Task Free_Memory_ForgetsResults()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me");
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me"}""");
        _ = await socket.ReceiveUntilAsync(IsEnd);

        using var models = await engine.PostAsync("/free", """{"unload_models": true}""");
        var afterModels = await CachedAsync(engine, socket);
        using var memory = await engine.PostAsync("/free", """{"free_memory": true}""");
        var afterMemory = await CachedAsync(engine, socket);

        Assert.Equal(HttpStatusCode.OK, memory.StatusCode);
        Assert.Equal(2, afterModels);
        Assert.Equal(0, afterMemory);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Steps_WithPreviews_SendThemWhereTheClientExpectsThem(bool knowsMetadata)
    {
        await using var engine = await TestEngine.StartAsync(o => (o.NodePacks, o.Previews) = ([typeof(WaitingNode).Assembly], PreviewMethod.Auto));
        using var socket = await engine.ConnectAsync("me", knowsMetadata ? """{"type": "feature_flags", "data": {"supports_preview_metadata": true}}""" : "{}");
        _ = knowsMetadata ? await socket.ReceiveUntilAsync(m => Type(m) == "feature_flags") : await socket.ReceiveUntilAsync(_ => true);

        _ = await SubmitAsync(engine, """{"prompt": {"5": {"class_type": "TestSteps", "inputs": {}}}, "client_id": "me", "prompt_id": "p"}""");
        var (order, frames) = await ReceiveAllAsync(socket);

        var step = knowsMetadata ? "progress_state 4 progress" : "progress_state progress 1";
        Assert.Contains($"executing {step} {step} 3 executed", string.Join(' ', order), StringComparison.Ordinal);
        var preview = frames[0];
        var image = preview.AsSpan(8);
        if (knowsMetadata)
        {
            const string Metadata = """{"node_id": "5", "prompt_id": "p", "display_node_id": "5", "parent_node_id": null, "real_node_id": "5", "image_type": "image/jpeg"}""";
            Assert.Equal(Metadata, System.Text.Encoding.UTF8.GetString(preview, 8, Metadata.Length));
            image = image[Metadata.Length..];
        }

        var frame = ImageDecoder.Decode(image.ToArray(), "preview", new ImageLimits()).Frames[0];
        Assert.Equal((512, 256), (frame.Width, frame.Height));
        Assert.Equal("00000003000000013564" + "6F6E65", Convert.ToHexString(frames[^1]));
    }

    [Fact]
    public async Task SaveImageWebsocket_Batch_SendsEachImageAsAPng()
    {
        await using var engine = await TestEngine.StartAsync();
        using var socket = await engine.ConnectAsync("me", "{}");
        _ = await socket.ReceiveUntilAsync(_ => true);

        _ = await SubmitAsync(engine, """
            {"prompt": {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 2, "color": 255}},
                        "2": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["1", 0]}}}, "client_id": "me", "prompt_id": "p"}
            """);
        var (_, frames) = await ReceiveAllAsync(socket);

        Assert.Equal(2, frames.Count);
        Assert.All(frames, static f => Assert.Equal("0000000100000002", Convert.ToHexString(f.AsSpan(0, 8))));
        var picture = ImageDecoder.Decode(frames[1][8..], "image", new ImageLimits()).Frames[0];
        Assert.Equal((16, 8), (picture.Width, picture.Height));
        Assert.Equal([0, 0, 255], picture.Rgb[..3]);
    }

    private static async Task<int> CachedAsync(TestEngine engine, TestSocket socket)
    {
        _ = await SubmitAsync(engine, $$"""{"prompt": {{Instant}}, "client_id": "me"}""");
        var story = await socket.ReceiveUntilAsync(IsEnd);
        return story.Single(m => Type(m) == "execution_cached")["data"]!["nodes"]!.AsArray().Count;
    }

    /// <summary>Types of texts and events of binary messages up to the end of the run, and the binary messages.</summary>
    private static async Task<(List<string> Order, List<byte[]> Frames)> ReceiveAllAsync(TestSocket socket)
    {
        var (order, frames) = (new List<string>(), new List<byte[]>());
        while (true)
        {
            var (text, bytes) = await socket.ReceiveAsync();
            if (text is null)
            {
                order.Add($"{bytes[3]}");
                frames.Add(bytes);
                continue;
            }

            var message = JsonNode.Parse(text)!.AsObject();
            order.Add(Type(message));
            if (IsEnd(message))
            {
                return (order, frames);
            }
        }
    }

    private static async Task<JsonObject> SubmitAsync(TestEngine engine, string body)
    {
        using var reply = await engine.PostAsync("/prompt", body);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return (await reply.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!;
    }

    private static string Type(JsonObject message) => (string)message["type"]!;

    private static bool IsEnd(JsonObject message) =>
        Type(message) == "executing" && message["data"]!.AsObject() is var data && data["node"] is null && data.ContainsKey("prompt_id");

    private static string Status(JsonNode entry)
    {
        var status = entry["status"]!.DeepClone().AsObject();
        status.Remove("messages");
        return status.ToJsonString();
    }
}
