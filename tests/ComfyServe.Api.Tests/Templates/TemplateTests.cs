namespace ComfyServe.Api.Tests.Templates;

public sealed class TemplateTests
{
    private const string Mine = """
        {"description": "Mine", "parameters": {"words": {"type": "string", "targets": ["6.text"]}, "size": {"type": "integer", "default": 64, "min": 8, "max": 256, "targets": ["5.width", "5.height"]},
         "mode": {"type": "string", "default": "a", "choices": ["a", "b"], "targets": ["6.mode"]}},
         "workflow": {"5": {"class_type": "EmptyLatentImage", "inputs": {}}, "6": {"class_type": "CLIPTextEncode", "inputs": {}}, "9": {"class_type": "SaveImage", "inputs": {}}}}
        """;

    [Fact]
    public async Task Modifier_Text2Image_HasTheOriginalsDefaults()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate/sync", """{"input": {"modifier": "Text2Image"}}""");

        Assert.Equal(200, status);
        var graph = host.Engine.Submitted.Single().Graph;
        var sampler = graph["3"]!["inputs"]!;
        Assert.Equal((20, "euler", "normal", 1.0, 8.0), ((int)sampler["steps"]!, (string?)sampler["sampler_name"], (string?)sampler["scheduler"], (double)sampler["denoise"]!, (double)sampler["cfg"]!));
        Assert.Equal((512, 512, "", ""), ((int)graph["5"]!["inputs"]!["width"]!, (int)graph["5"]!["inputs"]!["height"]!, (string?)graph["6"]!["inputs"]!["text"], (string?)graph["7"]!["inputs"]!["text"]));
        Assert.Equal((long)answer["random_numbers"]![0]!["value"]!, (long)sampler["seed"]!);
    }

    [Theory]
    [InlineData("Nope", "Preprocessing failed: Unknown modifier: Nope")]
    [InlineData("text2image", "Preprocessing failed: Modifier class 'text2image' not found")]
    public async Task Modifier_Unknown_FailsAsTheOriginalDoes(string name, string message)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate/sync", $$$"""{"input": {"modifier": "{{{name}}}"}}""");

        Assert.Equal(500, status);
        Assert.StartsWith(message, (string?)answer["message"], StringComparison.Ordinal);
        Assert.Equal("template_unknown", (string?)answer["error"]!["code"]);
    }

    [Fact]
    public async Task Modifier_SeveralBadValues_AreAllNamed()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate/sync", """{"input": {"modifier": "Text2Image", "modifications": {"steps": "many", "width": 1, "prompt": 7, "unknown": 1, "seed": 18446744073709551615}}}""");

        Assert.Equal(422, status);
        Assert.Equal(["prompt", "steps", "width"], answer["detail"]!.AsArray().Select(p => (string?)p!["loc"]![3]).Order());
    }

    [Fact]
    public async Task Folder_NewFile_IsATypedRouteAtOnce()
    {
        await using var host = await ApiHost.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(host.Folder, "templates")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "mine.json"), Mine, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.json"), """{"workflow": {}, "parameters": {"x": {"targets": ["1.y"]}}}""", TestContext.Current.CancellationToken);
        await host.RestartAsync();

        var (status, _) = await host.PostAsync("/templates/mine", """{"input": {"words": "hello", "size": 128, "request_id": "abc"}}""");
        var (bad, problems) = await host.PostAsync("/templates/mine", """{"input": {"size": 1, "mode": "c", "other": 1}}""");
        var (_, list) = await host.GetAsync("/templates");
        var (_, openApi) = await host.GetAsync("/openapi.json");

        Assert.Equal(200, status);
        var graph = host.Engine.Submitted.Single().Graph;
        Assert.Equal(("hello", 128, 128, "a"), ((string?)graph["6"]!["inputs"]!["text"], (int)graph["5"]!["inputs"]!["width"]!, (int)graph["5"]!["inputs"]!["height"]!, (string?)graph["6"]!["inputs"]!["mode"]));
        Assert.Equal(422, bad);
        Assert.Equal(["mode", "other", "size", "words"], problems["detail"]!.AsArray().Select(p => (string?)p!["loc"]!.AsArray()[^1]).Order());
        Assert.Equal(["Image2Image", "Text2Image", "mine"], list["templates"]!.AsArray().Select(t => (string?)t!["name"]));
        var schema = openApi["paths"]!["/templates/mine"]!["post"]!["requestBody"]!["content"]!["application/json"]!["schema"]!["properties"]!["input"]!;
        Assert.Equal("integer", (string?)schema["properties"]!["size"]!["type"]);
        Assert.Equal(["words"], schema["required"]!.AsArray().Select(r => (string?)r));
    }

    [Fact]
    public async Task Route_UnknownTemplate_Is404WithTheNames()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/templates/nope", """{"input": {}}""");

        Assert.Equal(404, status);
        Assert.Contains("Text2Image", (string?)answer["detail"], StringComparison.Ordinal);
    }
}
