using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Tests.Owners;

/// <summary>Which inputs of which nodes name files.</summary>
public sealed class OwnedNamesTests
{
    private static readonly OwnerFiles Ann = OwnerFiles.Of("ann")!;

    [Theory]
    [InlineData("""{"class_type": "VHS_VideoCombine", "inputs": {"images": ["1", 0], "format": "video/h264"}}""", "\"filename_prefix\":\"{own}/AnimateDiff\",\"images\"")] // left out: the default of all
    [InlineData("""{"class_type": "VHS_VideoCombine", "inputs": {"filename_prefix": "a"}}""", "\"{own}/a\"")]
    [InlineData("""{"class_type": "VHS_LoadVideo", "inputs": {"video": "v.mp4"}}""", "\"{own}/v.mp4\"")]
    [InlineData("""{"class_type": "LoadFolder", "inputs": {"folder": "set"}}""", "\"{own}/set\"")]
    [InlineData("""{"class_type": "Later", "inputs": {"format.filename_prefix": "a"}}""", "\"{own}/a\"")]
    [InlineData("""{"class_type": "Later", "inputs": {"text": "a/b.png", "path_count": 3, "seed": 1}}""", null)]
    [InlineData("""{"inputs": {"filename_prefix": "a", "filename_prefix": "b"}, "class_type": "SaveImage"}""", "\"{own}/b\"")]
    public void Read_OneNode_FindsItsNames(string node, string? expected)
    {
        var names = Read($"{{\"1\": {node}}}");
        var text = string.Join(' ', names.Changes.Select(c => Encoding.UTF8.GetString(c.Json)));

        Assert.Equal(expected is null, names.Changes.Count == 0);
        Assert.Empty(names.Problems);
        Assert.Contains((expected ?? "").Split(",\"images\"")[0].Replace("{own}", Ann.Folder, StringComparison.Ordinal), text, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ManyNodesAndManyModels_TakesLittle()
    {
        var graph = new StringBuilder("{");
        for (var i = 0; i < 20_000; i++)
        {
            graph.Append(i == 0 ? "" : ",").Append($"\"{i}\": {{\"class_type\": \"CheckpointLoaderSimple\", \"inputs\": {{\"ckpt_name\": \"missing{i}.safetensors\"}}}}");
        }

        var names = Read(graph.Append('}').ToString());

        Assert.Empty(names.Changes);
        Assert.Empty(names.Problems);
    }

    private static OwnedNames Read(string workflow) => OwnedNamesReader.Read(Encoding.UTF8.GetBytes(workflow), Catalogue.Value, Ann);

    private static readonly Lazy<NodeCatalogue> Catalogue = new(() =>
    {
        var models = new JsonArray([.. Enumerable.Range(0, 500).Select(i => JsonValue.Create($"{Ann.Folder}/{i}.safetensors"))]);
        var nodes = new JsonObject
        {
            ["CheckpointLoaderSimple"] = Node(false, new JsonObject { ["ckpt_name"] = new JsonArray(models) }),
            ["VHS_VideoCombine"] = Node(true, new JsonObject { ["images"] = new JsonArray("IMAGE") }, new JsonObject { ["filename_prefix"] = new JsonArray("STRING", new JsonObject { ["default"] = "AnimateDiff" }) }),
            ["VHS_LoadVideo"] = Node(false, new JsonObject { ["video"] = new JsonArray(new JsonArray("a.mp4"), new JsonObject { ["video_upload"] = true }) }),
            ["LoadFolder"] = Node(false, new JsonObject { ["folder"] = new JsonArray("STRING") }),
            ["Later"] = Node(true, new JsonObject { ["text"] = new JsonArray("STRING"), ["path_count"] = new JsonArray("INT") }),
            ["SaveImage"] = Node(true, new JsonObject { ["filename_prefix"] = new JsonArray("STRING") }),
        };
        return NodeCatalogue.Read(JsonElement.Parse(nodes.ToJsonString()));
    });

    private static JsonObject Node(bool isOutput, JsonObject required, JsonObject? optional = null) =>
        new() { ["input"] = new JsonObject { ["required"] = required, ["optional"] = optional ?? [] }, ["output"] = new JsonArray(), ["output_node"] = isOutput };
}
