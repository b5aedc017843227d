using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Requests.Checks;
using ComfyServe.Api.Requests.Editor;
using ComfyServe.Testing;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Kinds of workflows that people really send: each gives what ComfyUI's editor queues (tests/data/workflows).</summary>
public sealed class EditorCasesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 7, 16, 5, 9, TimeSpan.FromHours(2));

    [Fact]
    public void Convert_BooleanAfterTheSeed_IsDropped()
    {
        var inputs = Convert("01-editor-boolean-control.json").Graph["5"]!["inputs"]!;

        Assert.Equal((8566257, 2, 4, "euler"), ((int)inputs["seed"]!, (int)inputs["steps"]!, (int)inputs["cfg"]!, (string?)inputs["sampler_name"]));
        Assert.Equal(("normal", 1), ((string?)inputs["scheduler"], (int)inputs["denoise"]!));
    }

    [Fact]
    public void Convert_SubgraphValuesWithoutSockets_GoToTheDefinitionsInputs()
    {
        var inputs = Convert("02-editor-subgraph-values-without-sockets.json").Graph["5:1"]!["inputs"]!;

        Assert.Equal((80, 112, 1, 255), ((int)inputs["width"]!, (int)inputs["height"]!, (int)inputs["batch_size"]!, (int)inputs["color"]!));
    }

    [Fact]
    public void Convert_ValueAfterTheLastWidget_IsLeftOutAndTold()
    {
        var (graph, notes) = Convert("04-editor-leftover-value.json");

        Assert.Equal("""{"text":"a red circle","clip":["2",1]}""", graph["3"]!["inputs"]!.ToJsonString());
        Assert.Contains(notes, static n => n.StartsWith("node '3' (CLIPTextEncode): 1 saved value", StringComparison.Ordinal));
    }

    [Fact]
    public void Convert_DateInAPrefix_IsFilledIn()
    {
        var (graph, notes) = Convert("05-editor-prefix-date.json");

        Assert.Equal("2026-03-07/shot_160509", (string?)graph["2"]!["inputs"]!["filename_prefix"]);
        Assert.Contains(notes, static n => n.Contains("2026-03-07/shot_160509", StringComparison.Ordinal));
    }

    [Fact]
    public void Convert_GroupNode_IsTakenApart()
    {
        var (graph, _) = Convert("07-editor-group-node.json");

        Assert.Equal(("EmptyImage", 64, 48), ((string?)graph["3:0"]!["class_type"], (int)graph["3:0"]!["inputs"]!["width"]!, (int)graph["3:0"]!["inputs"]!["height"]!));
        Assert.Equal("""["3:0",0]""", graph["2"]!["inputs"]!["images"]!.ToJsonString());
        Assert.Equal(["2", "3:0"], graph.Select(static n => n.Key).Order());
    }

    [Fact]
    public void Convert_GetNode_LeadsToTheInputOfItsSetNode()
    {
        var (graph, _) = Convert("08-editor-get-set.json");

        Assert.Equal("""["1",0]""", graph["2"]!["inputs"]!["images"]!.ToJsonString());
        Assert.Equal(["1", "2"], graph.Select(static n => n.Key));
    }

    [Fact]
    public void Convert_BypassedNodeOfAnyType_PassesTheInputOfTheSamePlaceOn() =>
        Assert.Equal("""["1",0]""", Convert("09-editor-bypass-any-type.json").Graph["3"]!["inputs"]!["images"]!.ToJsonString());

    [Fact]
    public void Convert_MutedPrimitive_GivesItsValue() =>
        Assert.Equal(96, (int)Convert("11-editor-muted-primitive.json").Graph["3"]!["inputs"]!["width"]!);

    [Fact]
    public void Convert_SeveralChosenValues_AreWrapped()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(RepositoryRoot.Data("workflows", "12-editor-multiselect.json")));

        var converted = EditorConversion.Convert(file.RootElement.GetProperty("workflow"), NodeCatalogue.Read(file.RootElement.GetProperty("object_info")), new Random(1), Now);

        Assert.Empty(converted.Problems);
        Assert.Equal("""{"tags":{"__value__":["a","b"]},"x":7}""", JsonNode.Parse(converted.Json.Span)!["1"]!["inputs"]!.ToJsonString());
        Assert.Equal("Multi pick", (string?)JsonNode.Parse(converted.Json.Span)!["1"]!["_meta"]!["title"]);
    }

    [Fact]
    public void Convert_NodeWithoutTitle_HasItsDisplayName() =>
        Assert.Equal(("Save Image", "EmptyImage"), (Title("2"), Title("1")));

    [Fact]
    public void Convert_BraceLeftOpen_IsNoChoice() =>
        Assert.Equal("a smiley :- in a field", (string?)Convert("16-editor-brace-left-open.json").Graph["3"]!["inputs"]!["text"]);

    [Fact]
    public void Convert_AnyTypeWithListsOfTypes_FollowsTheEditorsRule()
    {
        EditorInput[] inputs = [new("a", "MASK", null, null), new("b", "IMAGE,LATENT", "1", null), new("c", "LATENT", "2", null)];

        Assert.Equal(2, SlotTypes.Bypass(inputs, 0, "LATENT", "LATENT")); // exactly the type before one of a list
        Assert.Equal(1, SlotTypes.Bypass(inputs, 1, "image", "IMAGE")); // the same place first, whatever the case
        Assert.Equal(1, SlotTypes.Bypass(inputs, 1, "*", "*"));
        Assert.Equal(0, SlotTypes.Bypass(inputs, 7, "*", "*")); // no such place: the first
        Assert.Equal(-1, SlotTypes.Bypass(inputs, 0, "VAE", "VAE"));
        Assert.Equal(-1, SlotTypes.Bypass([], 0, "*", "*"));
        Assert.Equal(1, SlotTypes.Bypass(inputs, 0, "IMAGE", "IMAGE")); // one of a list
    }

    [Theory]
    [InlineData("%Seeds.value%", "7")]
    [InlineData("a%Pic.width%x%EmptyImage.height%", "a64x48")]
    [InlineData("%Text.words%", "a_b__c")]
    [InlineData("%Nobody.width%", "%Nobody.width%")]
    [InlineData("%Pic.nothing%", "%Pic.nothing%")]
    [InlineData("%width%x%height%", "%width%x%height%")]
    [InlineData("%%date:yy%", "%26")]
    [InlineData("100%", "100%")]
    [InlineData("%date:d.M.yyyy%", "7")] // as the editor: what stands before the first dot
    public void Apply_Names_AreFilledInAsTheEditorDoes(string text, string expected)
    {
        var values = new Dictionary<string, string> { ["Seeds.value"] = "7", ["Pic.width"] = "64.0", ["EmptyImage.height"] = "48", ["Text.words"] = "\"a/b:*c\"" };

        Assert.Equal(expected, TextReplacements.Apply(text, Now, (node, widget) => values.TryGetValue($"{node}.{widget}", out var value) ? JsonElement.Parse(value) : default));
    }

    [Theory]
    [InlineData("yyyy-MM-dd_hh.mm.ss", "2026-03-07_16.05.09")]
    [InlineData("d/M/yy h:m:s", "7/3/26 16:5:9")]
    [InlineData("yyy yyyyy ddd", "yyy 2026y 077")]
    [InlineData("Week of MM", "Week of 03")]
    public void Date_Letters_AreThoseOfTheEditor(string format, string expected) => Assert.Equal(expected, TextReplacements.Date(format, Now));

    [Fact]
    public void Convert_PrefixNamesAnotherNodesWidget_HasItsValue()
    {
        var (graph, _) = ConvertText("""
            {"version": 0.4, "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 3, 0, 1, 0, "INT"]], "nodes": [
              {"id": 1, "type": "EmptyImage", "title": "Pic", "inputs": [{"name": "width", "type": "INT", "link": 2, "widget": {"name": "width"}}], "outputs": [{"type": "IMAGE"}], "widgets_values": [64, 48, 1, 0]},
              {"id": 3, "type": "PrimitiveNode", "outputs": [{"type": "INT"}], "widgets_values": [96, "fixed"]},
              {"id": 2, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "widgets_values": ["%Pic.width%x%EmptyImage.height%"]}]}
            """);

        Assert.Equal("96x48", (string?)graph["2"]!["inputs"]!["filename_prefix"]);
    }

    [Fact]
    public void Convert_GroupWithLinksConvertedWidgetsAndNamesThatComeTwice_EveryValueLandsOnItsWidget()
    {
        // Two text fields, a sampler whose steps come from outside, and a primitive seed within.
        var (graph, _) = ConvertText("""
            {"version": 0.4, "last_node_id": 9, "links": [[1, 4, 1, 5, 0, "CLIP"], [2, 4, 0, 5, 2, "MODEL"], [3, 7, 0, 5, 3, "LATENT"], [4, 5, 0, 8, 0, "LATENT"], [5, 4, 1, 5, 1, "CLIP"], [6, 9, 0, 5, 4, "INT"], [7, 4, 2, 8, 1, "VAE"]],
             "nodes": [
              {"id": 4, "type": "CheckpointLoaderSimple", "outputs": [{"type": "MODEL"}, {"type": "CLIP"}, {"type": "VAE"}], "widgets_values": ["a.safetensors"]},
              {"id": 7, "type": "EmptyLatentImage", "outputs": [{"type": "LATENT"}], "widgets_values": [64, 64, 1]},
              {"id": 9, "type": "PrimitiveInt", "outputs": [{"type": "INT"}], "widgets_values": [33, "fixed"]},
              {"id": 5, "type": "workflow/sample", "inputs": [{"name": "clip", "type": "CLIP", "link": 1}, {"name": "CLIPTextEncode clip", "type": "CLIP", "link": 5}, {"name": "model", "type": "MODEL", "link": 2},
                {"name": "latent_image", "type": "LATENT", "link": 3}, {"name": "steps", "type": "INT", "link": 6, "widget": {"name": "steps"}}],
               "outputs": [{"type": "LATENT"}], "widgets_values": ["good", "bad", 4.5, "ddim", "simple", 0.5, 11, "fixed", 20]},
              {"id": 8, "type": "VAEDecode", "inputs": [{"name": "samples", "type": "LATENT", "link": 4}, {"name": "vae", "type": "VAE", "link": 7}], "outputs": [{"type": "IMAGE"}]}],
             "extra": {"groupNodes": {"sample": {
               "nodes": [
                {"type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": null}], "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING"}], "widgets_values": ["x"]},
                {"type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": null}], "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING"}], "widgets_values": ["y"]},
                {"type": "KSampler", "inputs": [{"name": "model", "type": "MODEL"}, {"name": "positive", "type": "CONDITIONING"}, {"name": "negative", "type": "CONDITIONING"}, {"name": "latent_image", "type": "LATENT"},
                  {"name": "seed", "type": "INT", "widget": {"name": "seed"}}, {"name": "steps", "type": "INT", "widget": {"name": "steps"}}],
                 "outputs": [{"name": "LATENT", "type": "LATENT"}], "widgets_values": [1, "randomize", 2, 3, "euler", "normal", 1]},
                {"type": "PrimitiveNode", "outputs": [{"name": "INT", "type": "INT", "widget": {"name": "seed"}}], "widgets_values": [5, "fixed"]}],
               "links": [[0, 0, 2, 1, 1, "CONDITIONING"], [1, 0, 2, 2, 2, "CONDITIONING"], [3, 0, 2, 4, 4, "INT"], [null, 0, 0, 0, 9, "CLIP"]],
               "external": [[2, 0, "LATENT"]]}}}}
            """);

        Assert.Equal(("good", "bad"), ((string?)graph["5:0"]!["inputs"]!["text"], (string?)graph["5:1"]!["inputs"]!["text"]));
        Assert.Equal(
            """{"seed":11,"steps":["9",0],"cfg":4.5,"sampler_name":"ddim","scheduler":"simple","denoise":0.5,"model":["4",0],"positive":["5:0",0],"negative":["5:1",0],"latent_image":["7",0]}""",
            graph["5:2"]!["inputs"]!.ToJsonString());
        Assert.Equal("""["4",1]""", graph["5:1"]!["inputs"]!["clip"]!.ToJsonString());
        Assert.Equal("""["5:2",0]""", graph["8"]!["inputs"]!["samples"]!.ToJsonString());
        Assert.Null(graph["5:3"]);
    }

    [Theory]
    [InlineData("KSampler", """[1, "fixed", "euler", 20]""", "steps", "\"euler\"", "no INT")] // of another version: as the editor, and said
    [InlineData("KSampler", """[1, "fixed", "20", "7.5", "euler", "normal", 1]""", "steps", "\"20\"", null)] // texts for numbers are the engine's to read
    [InlineData("CLIPTextEncode", "[5]", "text", "5", null)]
    [InlineData("KSampler", """[1, null, 20, 7, "euler", "normal", 1]""", "steps", "20", null)]
    [InlineData("KSampler", """[1, 20, 7, "euler", "normal", 1]""", "steps", "20", null)] // never had the value after the seed
    [InlineData("KSampler", """["12", "increment", 20, 7, "euler", "normal", 1]""", "seed", "\"12\"", null)]
    [InlineData("KSampler", """{"seed": 3, "steps": 21}""", "steps", "21", "its default")]
    [InlineData("KSampler", "[]", "steps", "20", "its default")]
    public void Convert_ValuesOfOtherTypes_AreGivenOn(string type, string values, string input, string expected, string? note)
    {
        var (graph, notes) = ConvertText($$"""{"version": 0.4, "links": [[1, 9, 0, 1, 0, "X"]], "nodes": [{"id": 9, "type": "EmptyImage"}, {"id": 1, "type": "{{type}}", "inputs": [{"name": "model", "type": "X", "link": 1}], "widgets_values": {{values}}}]}""");

        Assert.Equal(expected, graph["1"]!["inputs"]![input]!.ToJsonString());
        Assert.Equal(note is not null, notes.Any(n => n.StartsWith("node '1'", StringComparison.Ordinal) && n.Contains(note ?? "'1'", StringComparison.Ordinal)));
    }

    [Fact]
    public void Convert_NoteOfAWholeFile_IsCut()
    {
        var file = new string('A', 100_000);

        var (_, notes) = ConvertText($$"""{"version": 0.4, "links": [], "nodes": [{"id": 1, "type": "EmptyLatentImage", "widgets_values": ["{{file}}", "{{file}}", 1]}]}""");

        Assert.NotEmpty(notes);
        Assert.All(notes, static n => Assert.InRange(n.Length, 1, 300));
    }

    [Fact]
    public void Convert_EveryNodeOfTheCatalogueWithItsDefaults_PassesItsOwnCheck()
    {
        var nodes = RecordedCatalogue.Nodes.Names.Select(static (name, id) => $$"""{"id": {{id}}, "type": {{JsonSerializer.Serialize(name)}}, "outputs": [{"type": "X"}]}""");
        var links = RecordedCatalogue.Nodes.Names.Select(static (_, id) => $"[{id}, {id}, 0, 0, 0, \"X\"]");

        var (graph, _) = ConvertText($$"""{"version": 0.4, "links": [{{string.Join(',', links)}}], "nodes": [{{string.Join(',', nodes)}}]}""");

        Assert.Equal(RecordedCatalogue.Nodes.Names.Count, graph.Count);
        var wrong = WorkflowCheck.Run(System.Text.Encoding.UTF8.GetBytes(graph.ToJsonString()), RecordedCatalogue.Nodes).Problems.Where(static p => p.Type is "invalid_input_type" or "value_bigger_than_max");
        Assert.Empty(wrong);
    }

    private static string? Title(string node) => (string?)Convert("14-editor-default-title.json").Graph[node]!["_meta"]!["title"];

    private static (JsonObject Graph, IReadOnlyList<string> Notes) Convert(string file) => ConvertText(File.ReadAllText(RepositoryRoot.Data("workflows", file)));

    private static (JsonObject Graph, IReadOnlyList<string> Notes) ConvertText(string workflow)
    {
        using var document = JsonDocument.Parse(workflow);
        var converted = EditorConversion.Convert(document.RootElement, RecordedCatalogue.Nodes, new Random(1), Now);
        Assert.Empty(converted.Problems);
        return (JsonNode.Parse(converted.Json.Span)!.AsObject(), converted.Notes);
    }
}
