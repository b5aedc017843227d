using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Engines;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Requests as people really send them: encodings, envelopes, pictures, left-out outputs (tests/data/workflows).</summary>
public sealed class LenientRequestTests
{
    private const string Graph = """{"9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI"}}}""";

    [Theory]
    [InlineData("""{"input": {"workflow_json": GRAPH}}""", null)]
    [InlineData("""{"input": {"workflow": GRAPH}}""", "'input.workflow'")]
    [InlineData("""{"client_id": "x", "prompt": GRAPH}""", "'prompt'")]
    [InlineData("""GRAPH""", "the body itself")]
    [InlineData("""{"workflow_json": GRAPH, "request_id": "mine-1"}""", "'workflow_json'")]
    [InlineData("""{"input": {"workflow_json": TEXT}}""", null)]
    [InlineData("""{"input": {"workflow_json": {"prompt": GRAPH}}}""", null)]
    [InlineData("""{"input": {"workflow": TEXT, "modifier": ""}}""", "'input.workflow'")]
    public async Task Post_EnvelopeOfAnotherService_IsTaken(string body, string? place)
    {
        await using var host = await ApiHost.StartAsync();
        body = body.Replace("GRAPH", Graph, StringComparison.Ordinal).Replace("TEXT", JsonValue.Create(Graph).ToJsonString(), StringComparison.Ordinal);

        var (status, answer) = await host.PostAsync("/generate/sync", body);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal(place is null ? null : $"the workflow was taken from {place}; its place is 'input.workflow_json'", (string?)answer["warnings"]?[0]);
        Assert.Equal("SaveImage", (string?)host.Engine.Submitted.Single().Graph["9"]!["class_type"]);
    }

    [Fact]
    public async Task Post_FieldsThatMeanNothing_RunAndAreTold()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync(
            "/generate/sync", $$$"""{"input": {"workflow_json": {{{Graph}}}, "return_output_as_base64": true, "budgets": {"run": 60, "runs": 5}}, "priority": 1}""");

        var told = answer["warnings"]!.AsArray().Select(static w => (string)w!).ToList();
        Assert.Equal((200, 3), (status, told.Count));
        Assert.StartsWith("'priority' means nothing here and is ignored; there are 'input'", told[0], StringComparison.Ordinal);
        Assert.StartsWith("'input.return_output_as_base64' means nothing here and is ignored; there are 'request_id', 'workflow_json'", told[1], StringComparison.Ordinal);
        Assert.StartsWith("'input.budgets.runs' means nothing here and is ignored; there are 'queue', 'run', 'upload'", told[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("49-runpod-envelope.json")]
    [InlineData("47-prompt-wrapper.json")]
    public async Task Post_FilesOfTheField_Run(string file)
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.PostAsync("/generate/sync", Read(file));

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
    }

    [Theory]
    [InlineData("""{"input": {"workflow": "a red circle"}}""", "'workflow' holds none. It is a text that is no JSON of a workflow")]
    [InlineData("""{"input": {"prompt": {"text": "a red circle"}}}""", "'prompt' holds none. It has 'text' and no workflow")]
    public async Task Post_EnvelopeWithoutAWorkflow_IsExplained(string body, string words)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate", body);

        Assert.Equal(422, status);
        Assert.Contains(words, (string?)answer["detail"]![0]!["msg"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_HalfACharacterWithinAText_IsRefusedByPlace()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate", """{"input": {"workflow_json": "{\"9\": {\"class_type\": \"SaveImage\", \"inputs\": {\"filename_prefix\": \"\\ud800\"}}}"}}""");

        Assert.Equal((422, "string_unicode"), (status, (string?)answer["detail"]![0]!["type"]));
    }

    [Fact]
    public async Task Post_NanByteOrderMarkAndUtf16_AreRead()
    {
        await using var host = await StartAsync();
        var body = $$"""{"input": {"workflow_json": {{Read("37-nan.json")}} } }""";

        foreach (var encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true)])
        {
            using var content = new ByteArrayContent([.. encoding.Preamble, .. encoding.GetBytes(body)]);
            content.Headers.ContentType = new("application/json");

            var (status, answer) = await host.PostAsync("/generate/sync", content);

            Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        }
    }

    [Fact]
    public async Task Post_NoContentType_IsReadAsJson()
    {
        await using var host = await ApiHost.StartAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"input": {"workflow_json": {{Graph}} } }"""));

        var (status, _) = await host.PostAsync("/generate/sync", content);

        Assert.Null(content.Headers.ContentType);
        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Post_PictureOfComfyUi_RunsWhatIsInIt()
    {
        await using var host = await ApiHost.StartAsync();
        using var picture = new ByteArrayContent(Png("prompt", Graph));
        picture.Headers.ContentType = new("image/png");
        using var bare = new ByteArrayContent(Png("comment", "x"));
        bare.Headers.ContentType = new("image/png");

        var (status, _) = await host.PostAsync("/generate/sync", picture);
        var (refused, answer) = await host.PostAsync("/generate/sync", bare);

        Assert.Equal((200, 422), (status, refused));
        Assert.Contains("a picture without a workflow", (string?)answer["detail"]![0]!["msg"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_ImageThatIsNull_IsRefusedByName()
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Read("33-image-null.json"));

        Assert.Equal(422, status);
        Assert.Equal("body.input.workflow_json.1.inputs.image", string.Join('.', answer["detail"]![0]!["loc"]!.AsArray().Select(static l => l!.ToString())));
        Assert.Equal("LoadImage wants a file for 'image', but it is null", (string?)answer["detail"]![0]!["msg"]);
    }

    [Fact]
    public async Task Post_DanglingSecondOutput_RunsTheFirstAndTells()
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Read("34-dangling-output.json"));
        var (accepted, promise) = await host.SubmitAsync(Read("34-dangling-output.json"));

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal("node '9' (SaveImage) is left out: SaveImage needs the input 'images'", (string?)Assert.Single(answer["warnings"]!.AsArray()));
        Assert.Equal((202, 1), (accepted, promise["warnings"]!.AsArray().Count));
    }

    [Fact]
    public async Task Post_ModelPathOfWindows_IsFoundAndTold()
    {
        await using var host = await StartAsync(static nodes => nodes["CheckpointLoaderSimple"]!["input"]!["required"]!["ckpt_name"] = new JsonArray(new JsonArray("SD1.5/comfyserve-starter.safetensors", "other.safetensors")));

        var (status, answer) = await host.RunAsync(Read("56-model-path-with-backslash.json"));

        Assert.Equal(200, status);
        Assert.Equal("SD1.5/comfyserve-starter.safetensors", (string?)host.Engine.Submitted.Single().Graph["4"]!["inputs"]!["ckpt_name"]);
        Assert.Contains("was taken for 'SD1.5/comfyserve-starter.safetensors'", (string?)answer["warnings"]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_PicturesBesideTheWorkflow_GoToTheInputsThatNameThem()
    {
        await using var host = await StartAsync();
        var image = Convert.ToBase64String(FakeImage.Png("sent"));

        var (status, answer) = await host.PostAsync("/generate/sync", $$$"""
            {"input": {"images": [{"name": "a.png", "image": "{{{image}}}"}, {"name": "b.png", "image": "data:image/png;base64,{{{image}}}"}, 7],
             "workflow": {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}, "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "b.png", "images": ["1", 0]} } } } }
            """);

        var sent = host.Engine.Submitted.Single().Graph;
        Assert.Equal(200, status);
        Assert.NotEqual("a.png", (string?)sent["1"]!["inputs"]!["image"]);
        Assert.Equal("b.png", (string?)sent["9"]!["inputs"]!["filename_prefix"]);
        Assert.Contains(answer["warnings"]!.AsArray(), static w => ((string)w!).StartsWith("no file input names the picture 'b.png'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Convert_Notes_AreInAHeaderAndOnRequestInTheBody()
    {
        await using var host = await StartAsync();
        using var content = new StringContent(Read("04-editor-leftover-value.json"), Encoding.UTF8, "application/json");

        using var response = await host.Http.PostAsync("/workflow/convert", content, TestContext.Current.CancellationToken);
        var (status, answer) = await host.PostAsync("/workflow/convert?notes=1", Read("04-editor-leftover-value.json"));

        var header = JsonNode.Parse(response.Headers.GetValues("X-Workflow-Notes").Single())!.AsArray();
        Assert.Equal(200, status);
        Assert.Equal(header.ToJsonString(), answer["notes"]!.ToJsonString());
        Assert.Contains("saved value", (string?)header[0], StringComparison.Ordinal);
        Assert.Equal("KSampler", (string?)answer["workflow"]!["5"]!["class_type"]);
    }

    [Fact]
    public async Task Convert_ManyNotesOfAnyLetters_FitIntoAHeader()
    {
        await using var host = await StartAsync();
        var nodes = string.Join(',', Enumerable.Range(1, 200).Select(static i => $$"""{"id": {{i}}, "type": "CLIPTextEncode", "widgets_values": ["x", "é𝔘"], "inputs": [{"name": "c\r\nlip 語", "link": 9}]}"""));

        using var content = new StringContent($$"""{"links": [], "nodes": [{{nodes}}]}""", Encoding.UTF8, "application/json");
        using var response = await host.Http.PostAsync("/workflow/convert", content, TestContext.Current.CancellationToken);

        var header = response.Headers.GetValues("X-Workflow-Notes").Single();
        Assert.True(Ascii.IsValid(header));
        Assert.InRange(header.Length, 100, 2_200);
        Assert.Contains("more", (string?)JsonNode.Parse(header)!.AsArray()[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_PrefixWithADate_IsWrittenInTheServicesTime()
    {
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Read("05-editor-prefix-date.json"));

        var prefix = (string?)host.Engine.Submitted.Single().Graph["2"]!["inputs"]!["filename_prefix"];
        Assert.Equal(200, status);
        Assert.Matches("^20[0-9]{2}-[01][0-9]-[0-3][0-9]/shot_[0-9]{6}$", prefix);
        Assert.Contains(answer["warnings"]!.AsArray(), w => ((string)w!).Contains(prefix!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_ValuesAsLongAsFiles_AreNeverRepeated()
    {
        await using var host = await StartAsync();
        var file = string.Concat(Enumerable.Repeat("not*a*name ", 20_000));

        foreach (var (node, input) in new[] { ("CheckpointLoaderSimple", "ckpt_name"), ("EmptyImage", "width"), (file, "x"), ("LoadImage", "image") })
        {
            var (_, answer) = await host.RunAsync($$"""{"1": {"class_type": "{{node}}", "inputs": {"{{input}}": "{{file}}"} }, "9": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]} } }""");

            answer.Remove("comfyui_response");
            Assert.InRange(answer.ToJsonString().Length, 1, 4_000);
        }
    }

    private static string Read(string file) => File.ReadAllText(RepositoryRoot.Data("workflows", file));

    private static async Task<ApiHost> StartAsync(Action<JsonObject>? change = null)
    {
        var host = await ApiHost.StartAsync();
        var nodes = RecordedCatalogue.Json();
        nodes["CheckpointLoaderSimple"]!["input"]!["required"]!["ckpt_name"] = new JsonArray(new JsonArray("comfyserve-starter.safetensors"));
        change?.Invoke(nodes);
        host.Engine.Catalogue = nodes;
        await host.Engine.ConnectedAsync();
        return host;
    }

    private static byte[] Png(string keyword, string text)
    {
        byte[] content = [.. Encoding.Latin1.GetBytes(keyword), 0, .. Encoding.Latin1.GetBytes(text)];
        return [.. PngTextReader.Signature, (byte)(content.Length >> 24), (byte)(content.Length >> 16), (byte)(content.Length >> 8), (byte)content.Length, .. "tEXt"u8, .. content, 0, 0, 0, 0];
    }
}
