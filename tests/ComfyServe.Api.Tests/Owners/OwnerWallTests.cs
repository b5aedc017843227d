using System.Text.Json.Nodes;
using ComfyServe.Api.Keys;
using ComfyServe.Api.Owners;
using ComfyServe.Testing.Engines;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Owners;

/// <summary>Two keys on one service in front of an engine that knows no owners, as ComfyUI does.</summary>
public sealed class OwnerWallTests
{
    private const string Ann = "ann-key-0123456789";
    private const string Bob = "bob-key-0123456789";
    private static readonly string AnnFolder = OwnerFiles.Of("ann")!.Folder;
    private static readonly string BobFolder = OwnerFiles.Of("bob")!.Folder;

    [Fact]
    public async Task Names_OfFiles_GoWithTheFolderAndComeBackWithout()
    {
        await using var host = await StartAsync(Ann);
        const string Workflow = """
            {"1": {"class_type": "LoadImage", "inputs": {"image": "sub/pic.png"}},
             "2": {"inputs": {"image": "old.png [output]", "channel": "alpha"}, "class_type": "LoadImageMask"},
             "3": {"class_type": "LoadLatent", "inputs": {"latent": "l.latent [output]"}},
             "4": {"class_type": "LoadAudio", "inputs": {"audio": "a.flac"}},
             "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "private/ann"}}}
            """;

        var (status, answer) = await host.RunAsync(Workflow);

        Assert.Equal(200, status);
        var graph = host.Engine.Submitted.Single().Graph;
        Assert.Equal($"{AnnFolder}/sub/pic.png", (string?)graph["1"]!["inputs"]!["image"]);
        Assert.Equal($"{AnnFolder}/old.png [output]", (string?)graph["2"]!["inputs"]!["image"]);
        Assert.Equal($"{AnnFolder}/l.latent [output]", (string?)graph["3"]!["inputs"]!["latent"]);
        Assert.Equal($"{AnnFolder}/a.flac", (string?)graph["4"]!["inputs"]!["audio"]);
        Assert.Equal($"{AnnFolder}/private/ann", (string?)graph["9"]!["inputs"]!["filename_prefix"]);
        Assert.DoesNotContain(AnnFolder, answer["comfyui_response"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("private", (string?)answer["output"]![0]!["subfolder"]);
        Assert.Equal("private/ann", (string?)answer["comfyui_response"]!.AsObject().First().Value!["prompt"]![2]!["9"]!["inputs"]!["filename_prefix"]);
        using var file = await host.Http.GetAsync((string?)answer["output"]![0]!["url"], TestContext.Current.CancellationToken);
        Assert.True(file.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Files_OfRequests_LieInTheFolderOfEachOwner()
    {
        await using var host = await StartAsync(Ann);
        var image = Convert.ToBase64String(FakeImage.Png("same", 256));
        var workflow = $$$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "data:image/png;base64,{{{{{image}}}}}"}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}""";

        await host.RunAsync(workflow);
        As(host, Bob);
        await host.RunAsync(workflow);

        var names = host.Engine.Submitted.Select(p => (string)p.Graph["1"]!["inputs"]!["image"]!).ToList();
        Assert.Equal([AnnFolder, BobFolder], names.Select(n => n.Split('/')[0]));
        Assert.All(names, n => Assert.NotNull(host.Engine.File("input", n.Split('/')[0], n.Split('/')[1])));
    }

    [Theory]
    [InlineData("LoadImage", "image", "\"../x.png\"")]
    [InlineData("LoadImage", "image", "\"/etc/passwd\"")]
    [InlineData("LoadImage", "image", "\"{other}/x.png\"")]
    [InlineData("LoadImage", "image", "\"{OTHER}/x.png\"")]
    [InlineData("LoadImage", "image", "[\"5\", 0]")]
    [InlineData("LoadImage", "image", "{\"__value__\": [\"x.png\"]}")]
    [InlineData("LoadImageMask", "image", "\"a/../../x.png [temp]\"")]
    [InlineData("LoadLatent", "latent", "[\"5\", 0]")]
    [InlineData("SaveImage", "filename_prefix", "[\"5\", 0]")]
    [InlineData("SaveImage", "filename_prefix", "\"../other/x\"")]
    [InlineData("SaveImage", "filename_prefix", "\"..\\\\other\\\\x\"")]
    [InlineData("SaveImage", "filename_prefix", "5")]
    [InlineData("SaveImage", "filename_prefix", "null")]
    [InlineData("CheckpointLoaderSimple", "ckpt_name", "\"{other}/x.safetensors\"")]
    [InlineData("CLIPTextEncode", "text", "\"see {other}/x.png\"")]
    [InlineData("VHS_LoadVideoPath", "video", "\"/data/output/x.mp4\"")]
    [InlineData("Some Image Saver", "output_path", "\"/data/output/x\"")]
    public async Task Names_ThatLeaveTheFolder_AreRefusedBeforeTheRun(string type, string input, string value)
    {
        await using var host = await StartAsync(Ann);
        value = value.Replace("{other}", BobFolder, StringComparison.Ordinal).Replace("{OTHER}", BobFolder.ToUpperInvariant(), StringComparison.Ordinal);

        var (status, answer) = await host.RunAsync($$$$$"""{"5": {"class_type": "PrimitiveString", "inputs": {"value": "x"}}, "7": {"class_type": "{{{{{type}}}}}", "inputs": {"{{{{{input}}}}}": {{{{{value}}}}}}}}""");

        Assert.Equal(422, status);
        var problem = answer["detail"]!.AsArray().Single(p => (string?)p!["type"] == "file_name")!;
        Assert.Equal(input, (string?)problem["loc"]!.AsArray()[^1]);
        Assert.Contains($"'{input}'", (string?)problem["msg"], StringComparison.Ordinal);
        Assert.Empty(host.Engine.Submitted);
    }

    [Fact]
    public async Task Names_UnderAnIdThatIsHalfACharacter_AreNoExceptions()
    {
        await using var host = await StartAsync(Ann);

        await host.RunAsync("""{"\ud800": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}""");

        Assert.DoesNotContain(host.Engine.Submitted, p => !p.GraphText.Contains(AnnFolder, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Models_ThatOwnersSaved_AreChoicesOfTheirOwnerOnly()
    {
        await using var host = await StartAsync(Ann, "shared.safetensors", $"{AnnFolder}/mine.safetensors", $"{BobFolder}/his.safetensors");

        var own = await host.RunAsync(Model("mine.safetensors"));
        var (other, refusal) = await host.RunAsync(Model("his.safetensors"));

        Assert.Equal(200, own.Status);
        Assert.Equal($"{AnnFolder}/mine.safetensors", (string?)host.Engine.Submitted.Single().Graph["1"]!["inputs"]!["ckpt_name"]);
        Assert.DoesNotContain(AnnFolder, own.Body["comfyui_response"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(422, other);
        Assert.Contains("there are: mine.safetensors, shared.safetensors", refusal.ToJsonString(), StringComparison.Ordinal); // the nearest first
    }

    [Fact]
    public async Task Conversion_OfAWorkflowWithoutValues_TakesNoFileOfAnother()
    {
        await using var host = await StartAsync(Ann, $"{BobFolder}/his.safetensors", "shared.safetensors");
        const string Editor = """
            {"nodes": [{"id": 1, "type": "CheckpointLoaderSimple", "mode": 0, "inputs": [], "outputs": [{"name": "MODEL", "type": "MODEL", "links": [1]}], "widgets_values": []},
                       {"id": 9, "type": "ModelSave", "mode": 0, "inputs": [{"name": "model", "type": "MODEL", "link": 1}], "outputs": [], "widgets_values": ["x"]}],
             "links": [[1, 1, 0, 9, 0, "MODEL"]]}
            """;

        var (_, answer) = await host.PostAsync("/workflow/convert", Editor);

        Assert.DoesNotContain("his.safetensors", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("shared.safetensors", (string?)answer["1"]!["inputs"]!["ckpt_name"]);
    }

    [Fact]
    public async Task Refusals_OfTheEngine_TellNoFilesOfOthers()
    {
        await using var host = await StartAsync(Ann);
        host.Engine.Answer = request => request.Path == "/prompt" ? Results.Content(Refusal, "application/json", statusCode: 400) : null;

        var (_, answer) = await host.RunAsync("""{"9": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "x"}}}""");

        var message = (string)answer["message"]!;
        Assert.DoesNotContain("secret", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(AnnFolder, message, StringComparison.Ordinal);
        Assert.Contains("image: 'x.png' is no choice", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_OfNodes_TellNamesAsTheOwnerGaveThem()
    {
        await using var host = await StartAsync(Ann);

        var (_, answer) = await host.RunAsync($$$$$"""{"1": {"class_type": "FakeFail", "inputs": {"message": "no such file: /data/input/{{{{{AnnFolder}}}}}/x.png"}}}""");

        Assert.Contains("/data/input/x.png", (string?)answer["message"], StringComparison.Ordinal);
        Assert.DoesNotContain(AnnFolder, answer.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workflow_WithoutKeys_IsSentAsItCame()
    {
        await using var host = await ApiHost.StartAsync();
        const string Workflow = """{"1": {"class_type": "LoadImage", "inputs": {"image": "../x.png [temp]"}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": ["1", 0]}}}""";

        await host.RunAsync(Workflow);

        Assert.Equal(Workflow, host.Engine.Submitted.Single().GraphText);
    }

    private static string Refusal => $$$$$"""
        {"error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": "Value not in list: image: 'x' not in ['secret.png']", "extra_info": {}},
         "node_errors": {"1": {"errors": [{"type": "value_not_in_list", "message": "Value not in list", "details": "image: '{{{{{AnnFolder}}}}}/x.png' not in ['secret.png', '{{{{{BobFolder}}}}}/secret.png']",
           "extra_info": {"input_name": "image", "input_config": [["secret.png"], {}]}}], "dependent_outputs": ["9"], "class_type": "LoadImage"}}}
        """;

    private static string Model(string name) =>
        $$$$$"""{"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "{{{{{name}}}}}"}}, "9": {"class_type": "ModelSave", "inputs": {"model": ["1", 0], "filename_prefix": "x"}}}""";

    private static async Task<ApiHost> StartAsync(string key, params string[] checkpoints)
    {
        var host = await ApiHost.StartAsync(o => o.ApiKeys = [ApiKey.Parse($"ann:{Ann}"), ApiKey.Parse($"bob:{Bob}")]);
        if (checkpoints.Length > 0)
        {
            host.Engine.Catalogue = new JsonObject
            {
                ["CheckpointLoaderSimple"] = Node(false, new JsonObject { ["ckpt_name"] = new JsonArray(new JsonArray([.. checkpoints.Select(c => JsonValue.Create(c))])) }, "MODEL"),
                ["ModelSave"] = Node(true, new JsonObject { ["model"] = new JsonArray("MODEL"), ["filename_prefix"] = new JsonArray("STRING", new JsonObject { ["default"] = "ComfyUI" }) }),
            };
        }

        As(host, key);
        return host;
    }

    private static JsonObject Node(bool isOutput, JsonObject required, params string[] outputs) => new()
    {
        ["input"] = new JsonObject { ["required"] = required },
        ["output"] = new JsonArray([.. outputs.Select(o => JsonValue.Create(o))]),
        ["output_node"] = isOutput,
        ["python_module"] = "nodes",
    };

    private static void As(ApiHost host, string key) => host.Http.DefaultRequestHeaders.Authorization = new("Bearer", key);
}
