using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Requests;
using ComfyServe.Api.Requests.Checks;
using ComfyServe.Api.Requests.Editor;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Workflows as the editor saves them, with the node catalogue that a real ComfyUI gave.</summary>
public sealed class EditorConversionTests
{
    /// <summary>Text to image as the editor saves it: places and colours left out, which nobody reads.</summary>
    private const string TextToImage = """
        {"last_node_id": 12, "last_link_id": 14, "version": 0.4, "groups": [], "nodes": [
          {"id": 7, "type": "CLIPTextEncode", "mode": 0, "inputs": [{"name": "clip", "type": "CLIP", "link": 5}], "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING", "links": [6]}], "widgets_values": ["text, watermark"]},
          {"id": 6, "type": "CLIPTextEncode", "mode": 0, "title": "Positive", "inputs": [{"name": "clip", "type": "CLIP", "link": 3}, {"name": "text", "type": "STRING", "link": null, "widget": {"name": "text"}}], "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING", "links": [4]}], "widgets_values": ["a bottle"]},
          {"id": 5, "type": "EmptyLatentImage", "mode": 0, "inputs": [], "outputs": [{"name": "LATENT", "type": "LATENT", "links": [2]}], "widgets_values": [512, 768, 1]},
          {"id": 3, "type": "KSampler", "mode": 0, "inputs": [{"name": "model", "type": "MODEL", "link": 1}, {"name": "positive", "type": "CONDITIONING", "link": 4}, {"name": "negative", "type": "CONDITIONING", "link": 6}, {"name": "latent_image", "type": "LATENT", "link": 2}], "outputs": [{"name": "LATENT", "type": "LATENT", "links": [7]}], "widgets_values": [18446744073709551615, "randomize", 20, 8.000000000000002, "euler", "normal", 1]},
          {"id": 8, "type": "VAEDecode", "mode": 0, "inputs": [{"name": "samples", "type": "LATENT", "link": 7}, {"name": "vae", "type": "VAE", "link": 8}], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [9]}]},
          {"id": 4, "type": "CheckpointLoaderSimple", "mode": 0, "outputs": [{"name": "MODEL", "type": "MODEL", "links": [1]}, {"name": "CLIP", "type": "CLIP", "links": [3, 5]}, {"name": "VAE", "type": "VAE", "links": [8]}], "widgets_values": ["v1-5-pruned-emaonly-fp16.safetensors"]},
          {"id": 9, "type": "SaveImage", "mode": 0, "inputs": [{"name": "images", "type": "IMAGE", "link": 9}], "widgets_values": ["ComfyUI"]},
          {"id": 10, "type": "Note", "mode": 0, "widgets_values": ["for people"]}],
         "links": [[1, 4, 0, 3, 0, "MODEL"], [2, 5, 0, 3, 3, "LATENT"], [3, 4, 1, 6, 0, "CLIP"], [4, 6, 0, 3, 1, "CONDITIONING"], [5, 4, 1, 7, 0, "CLIP"], [6, 7, 0, 3, 2, "CONDITIONING"], [7, 3, 0, 8, 0, "LATENT"], [8, 4, 2, 8, 1, "VAE"], [9, 8, 0, 9, 0, "IMAGE"]]}
        """;

    [Fact]
    public void Convert_TextToImage_IsWhatTheEditorQueues()
    {
        var converted = Convert(TextToImage, out var problems);

        Assert.Empty(problems);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"7": {"inputs": {"text": "text, watermark", "clip": ["4", 1]}, "class_type": "CLIPTextEncode", "_meta": {"title": "CLIP Text Encode (Prompt)"}},
             "6": {"inputs": {"text": "a bottle", "clip": ["4", 1]}, "class_type": "CLIPTextEncode", "_meta": {"title": "Positive"}},
             "5": {"inputs": {"width": 512, "height": 768, "batch_size": 1}, "class_type": "EmptyLatentImage", "_meta": {"title": "Empty Latent Image"}},
             "3": {"inputs": {"seed": 18446744073709551615, "steps": 20, "cfg": 8.000000000000002, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
                   "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}, "class_type": "KSampler", "_meta": {"title": "KSampler"}},
             "8": {"inputs": {"samples": ["3", 0], "vae": ["4", 2]}, "class_type": "VAEDecode", "_meta": {"title": "VAE Decode"}},
             "4": {"inputs": {"ckpt_name": "v1-5-pruned-emaonly-fp16.safetensors"}, "class_type": "CheckpointLoaderSimple", "_meta": {"title": "Load Checkpoint"}},
             "9": {"inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}, "class_type": "SaveImage", "_meta": {"title": "Save Image"}}}
            """), converted), converted.ToJsonString());
        Assert.Contains("18446744073709551615", converted.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(WorkflowCheck.Run(Encoding.UTF8.GetBytes(converted.ToJsonString()), RecordedCatalogue.Nodes).Problems);
    }

    [Fact]
    public void Convert_Reroutes_LeadToTheSource()
    {
        var converted = Convert(
            TextToImage.Replace("[9, 8, 0, 9, 0, \"IMAGE\"]", "[9, 12, 0, 9, 0, \"IMAGE\"], [13, 11, 0, 12, 0, \"*\"], [14, 8, 0, 11, 0, \"*\"]", StringComparison.Ordinal)
                .Replace("{\"id\": 10,", """{"id": 11, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 14}]}, {"id": 12, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 13}]}, {"id": 10,""", StringComparison.Ordinal),
            out var problems);

        Assert.Empty(problems);
        Assert.Equal("""["8",0]""", converted["9"]!["inputs"]!["images"]!.ToJsonString());
        Assert.Null(converted["11"]);
    }

    [Fact]
    public void Convert_BypassedNode_PassesOnTheInputOfItsOutputsType()
    {
        var converted = Convert(
            TextToImage.Replace("[1, 4, 0, 3, 0, \"MODEL\"]", "[1, 11, 0, 3, 0, \"MODEL\"], [13, 4, 0, 11, 0, \"MODEL\"], [14, 4, 1, 11, 1, \"CLIP\"]", StringComparison.Ordinal)
                .Replace("[3, 4, 1, 6, 0, \"CLIP\"]", "[3, 11, 1, 6, 0, \"CLIP\"]", StringComparison.Ordinal)
                .Replace("{\"id\": 10,", """
                    {"id": 11, "type": "LoraLoader", "mode": 4, "inputs": [{"name": "model", "type": "MODEL", "link": 13}, {"name": "clip", "type": "CLIP", "link": 14}],
                     "outputs": [{"type": "MODEL"}, {"type": "CLIP"}], "widgets_values": ["x.safetensors", 1, 1]}, {"id": 10,
                    """, StringComparison.Ordinal),
            out var problems);

        Assert.Empty(problems);
        Assert.Equal("""["4",0]""", converted["3"]!["inputs"]!["model"]!.ToJsonString());
        Assert.Equal("""["4",1]""", converted["6"]!["inputs"]!["clip"]!.ToJsonString());
        Assert.Null(converted["11"]);
    }

    [Fact]
    public void Convert_MutedNode_IsGoneWithItsConnections()
    {
        var converted = Convert(TextToImage.Replace("\"id\": 7, \"type\": \"CLIPTextEncode\", \"mode\": 0", "\"id\": 7, \"type\": \"CLIPTextEncode\", \"mode\": 2", StringComparison.Ordinal), out var problems);

        Assert.Empty(problems);
        Assert.Null(converted["7"]);
        Assert.Null(converted["3"]!["inputs"]!["negative"]);
        Assert.Contains(WorkflowCheck.Run(Encoding.UTF8.GetBytes(converted.ToJsonString()), RecordedCatalogue.Nodes).Problems, p => p.Type == "required_input_missing");
    }

    [Fact]
    public void Convert_WidgetFedByAPrimitiveNode_TakesItsValue()
    {
        var converted = Convert(
            TextToImage.Replace("""{"name": "latent_image", "type": "LATENT", "link": 2}]""", """{"name": "latent_image", "type": "LATENT", "link": 2}, {"name": "steps", "type": "INT", "link": 13, "widget": {"name": "steps"}}]""", StringComparison.Ordinal)
                .Replace("[9, 8, 0, 9, 0, \"IMAGE\"]", "[9, 8, 0, 9, 0, \"IMAGE\"], [13, 11, 0, 3, 4, \"INT\"]", StringComparison.Ordinal)
                .Replace("{\"id\": 10,", """{"id": 11, "type": "PrimitiveNode", "outputs": [{"type": "INT"}], "widgets_values": [33, "fixed"]}, {"id": 10,""", StringComparison.Ordinal),
            out var problems);

        Assert.Empty(problems);
        Assert.Equal((33, "euler"), ((int)converted["3"]!["inputs"]!["steps"]!, (string?)converted["3"]!["inputs"]!["sampler_name"]));
    }

    [Fact]
    public void Convert_FileWithItsUploadButton_TakesTheName()
    {
        var converted = Convert("""{"version": 0.4, "links": [], "nodes": [{"id": 1, "type": "LoadImage", "outputs": [{"type": "IMAGE"}, {"type": "MASK"}], "widgets_values": ["example.png", "image"]}]}""", out var problems);

        Assert.Empty(problems);
        Assert.Equal("""{"image":"example.png"}""", converted["1"]!["inputs"]!.ToJsonString());
    }

    [Fact]
    public void Convert_NodesThatNobodyKnows_AreAllNamedWithAdvice()
    {
        Convert("""
            {"version": 0.4, "links": [[1, 1, 0, 2, 0, "IMAGE"]], "nodes": [
              {"id": 1, "type": "0d6d8a7e-5c8c-4a80-a1d5-6d6a2c9b3a11", "outputs": [{"type": "IMAGE"}]},
              {"id": 2, "type": "Some Viewer", "inputs": [{"name": "x", "type": "IMAGE", "link": 1}]},
              {"id": 3, "type": "workflow>mine"},
              {"id": 6, "type": "Label (of some extension)"}]}
            """, out var problems);

        Assert.Equal(["1", "2", "3"], problems.Select(p => (string)p.Location[^1]));
        Assert.All(problems, p => Assert.EndsWith("Export it in the editor with 'Workflow > Export (API)' and send that file", p.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "of the outer one")]
    [InlineData(""", "widgets_values": ["of the instance"]""", "of the instance")]
    [InlineData(""", "widgets_values": ["x"], "properties": {"proxyWidgets": [["1", "words"]]}""", "x")]
    public void Convert_SubgraphInASubgraph_IsTakenApart(string instance, string text)
    {
        var converted = Convert(WithSubgraph(instance: instance), out var problems);

        Assert.Empty(problems);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse($$$"""
            {"4": {"inputs": {"ckpt_name": "a.safetensors"}, "class_type": "CheckpointLoaderSimple", "_meta": {"title": "Load Checkpoint"}},
             "6": {"inputs": {"conditioning": ["5:1:7", 0]}, "class_type": "ConditioningZeroOut", "_meta": {"title": "ConditioningZeroOut"}},
             "5:1:7": {"inputs": {"text": "{{{text}}}", "clip": ["4", 1]}, "class_type": "CLIPTextEncode", "_meta": {"title": "CLIP Text Encode (Prompt)"}} }
            """), converted), converted.ToJsonString());
    }

    [Fact]
    public void Convert_SubgraphUsedTwice_EachHasNodesOfItsOwn()
    {
        var converted = Convert(
            WithSubgraph(
                """, {"id": 8, "type": "inner-id", "inputs": [{"name": "given", "type": "CLIP", "link": 3}, {"name": "words", "type": "STRING", "widget": {"name": "words"}}], "outputs": [{"type": "CONDITIONING"}], "widgets_values": ["second"]}""",
                links: """, [3, 4, 1, 8, 0, "CLIP"]"""),
            out var problems);

        Assert.Empty(problems);
        Assert.Equal(("of the outer one", "second"), ((string?)converted["5:1:7"]!["inputs"]!["text"], (string?)converted["8:7"]!["inputs"]!["text"]));
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(4, null)]
    public void Convert_SubgraphThatDoesNotRun_IsLeftOutWhole(int mode, string? source)
    {
        var converted = Convert(WithSubgraph(instance: $""", "mode": {mode} """), out var problems);

        Assert.Empty(problems);
        Assert.Equal(["4", "6"], converted.Select(static n => n.Key));
        Assert.Equal(source, converted["6"]!["inputs"]!["conditioning"]?.ToJsonString()); // no input of the output's type to pass on
    }

    [Fact]
    public void Convert_SubgraphInItself_IsRefused()
    {
        Convert(WithSubgraph(definition: """, {"id": 2, "type": "outer-id"}, {"id": 3, "type": "outer-id"}"""), out var problems);

        Assert.Contains(problems, static p => p.Message.Contains("too deep", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Generate_ChoicesInAPrompt_AreMadeAndTold()
    {
        await using var host = await ApiHost.StartAsync();
        host.Engine.Catalogue = new()
        {
            ["FakeText"] = JsonNode.Parse("""{"input": {"required": {"text": ["STRING", {"multiline": true, "dynamicPrompts": true}]}}, "output": [], "output_node": true}"""),
        };
        await host.Engine.ConnectedAsync();

        var (status, answer) = await host.RunAsync("""{"version": 0.4, "links": [], "nodes": [{"id": 1, "type": "FakeText", "widgets_values": ["a {red|green|blue} car"]}]}""");

        var drawn = answer["random_numbers"]![0]!;
        var text = (string?)host.Engine.Submitted.Single().Graph["1"]!["inputs"]!["text"];
        Assert.Equal((200, "1.inputs.text"), (status, (string?)drawn["path"]));
        Assert.Equal($"a {((string[])["red", "green", "blue"])[(int)drawn["value"]!]} car", text);
    }

    [Fact]
    public void Convert_ReroutesInACircle_Ends()
    {
        Convert("""
            {"version": 0.4, "links": [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"], [3, 1, 0, 9, 0, "IMAGE"]], "nodes": [
              {"id": 1, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 2}]}, {"id": 2, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 1}]},
              {"id": 9, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 3}], "widgets_values": ["x"]}]}
            """, out var problems);

        Assert.Empty(problems);
    }

    [Fact]
    public async Task Generate_WorkflowOfTheEditor_IsConvertedAndRuns()
    {
        await using var host = await ApiHost.StartAsync();
        host.Engine.Catalogue = RecordedCatalogue.Json();
        await host.Engine.ConnectedAsync();
        const string Editors = """
            {"last_node_id": 2, "version": 0.4, "links": [[1, 1, 0, 2, 0, "IMAGE"]], "nodes": [
              {"id": 1, "type": "EmptyImage", "outputs": [{"type": "IMAGE", "links": [1]}], "widgets_values": [64, 64, 1, 0]},
              {"id": 2, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "widgets_values": ["edited"]}]}
            """;

        var (status, answer) = await host.RunAsync(Editors);
        using var converting = new StringContent(Editors, Encoding.UTF8, "application/json");
        var (converted, graph) = await host.PostAsync("/workflow/convert", converting);
        using var wrong = new StringContent("""{"1": {"class_type": "SaveImage"}}""", Encoding.UTF8, "application/json");
        var (refused, _) = await host.PostAsync("/workflow/convert", wrong);

        Assert.Equal((200, "completed"), (status, (string?)answer["status"]));
        Assert.Equal((200, 422), (converted, refused));
        Assert.True(JsonNode.DeepEquals(host.Engine.Submitted.Single().Graph, graph));
        Assert.Equal("edited", (string?)graph["2"]!["inputs"]!["filename_prefix"]);
    }

    private static JsonObject Convert(string workflow, out IReadOnlyList<ValidationProblem> problems)
    {
        using var document = JsonDocument.Parse(workflow);
        var converted = EditorConversion.Convert(document.RootElement, RecordedCatalogue.Nodes, new Random(1), default);
        problems = converted.Problems;
        return converted.Json.IsEmpty ? [] : JsonNode.Parse(converted.Json.Span)!.AsObject();
    }

    /// <summary>A workflow whose node 5 stands for a subgraph that turns a text into a conditioning, with a graph of its own inside.</summary>
    private static string WithSubgraph(string more = "", string instance = "", string links = "", string definition = "") => $$$"""
        {"version": 0.4, "last_node_id": 9, "links": [[1, 4, 1, 5, 0, "CLIP"], [2, 5, 0, 6, 0, "CONDITIONING"]{{{links}}}], "nodes": [
          {"id": 4, "type": "CheckpointLoaderSimple", "outputs": [{"type": "MODEL"}, {"type": "CLIP"}, {"type": "VAE"}], "widgets_values": ["a.safetensors"]},
          {"id": 5, "type": "outer-id", "inputs": [{"name": "clip", "type": "CLIP", "link": 1}, {"name": "text", "type": "STRING", "link": null, "widget": {"name": "text"}}],
           "outputs": [{"type": "CONDITIONING"}]{{{instance}}}},
          {"id": 6, "type": "ConditioningZeroOut", "inputs": [{"name": "conditioning", "type": "CONDITIONING", "link": 2}], "outputs": [{"type": "CONDITIONING"}]}{{{more}}}],
         "definitions": {"subgraphs": [
          {"id": "outer-id", "inputNode": {"id": -10}, "outputNode": {"id": -20},
           "inputs": [{"name": "clip", "type": "CLIP"}, {"name": "text", "type": "STRING"}], "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING"}],
           "nodes": [{"id": 1, "type": "inner-id", "inputs": [{"name": "given", "type": "CLIP", "link": 1}, {"name": "words", "type": "STRING", "link": 2, "widget": {"name": "words"}}], "outputs": [{"type": "CONDITIONING"}], "widgets_values": ["of the outer one"]}{{{definition}}}],
           "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0}, {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 1, "target_slot": 1}, {"id": 3, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0}]},
          {"id": "inner-id",
           "inputs": [{"name": "given", "type": "CLIP"}, {"name": "words", "type": "STRING"}], "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING"}],
           "nodes": [{"id": 7, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": 1}, {"name": "text", "type": "STRING", "link": 2, "widget": {"name": "text"}}], "outputs": [{"type": "CONDITIONING"}], "widgets_values": ["of the node"]}],
           "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 7, "target_slot": 0}, {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 7, "target_slot": 1}, {"id": 3, "origin_id": 7, "origin_slot": 0, "target_id": -20, "target_slot": 0}]}]}}
        """;
}
