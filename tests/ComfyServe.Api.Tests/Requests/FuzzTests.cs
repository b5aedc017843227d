using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Requests;
using ComfyServe.Api.Requests.Checks;
using ComfyServe.Api.Requests.Editor;
using ComfyServe.Contracts.Api;
using ComfyServe.Testing;
using CsCheck;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Whatever comes in, the parser, the rewriter and the finder of inputs neither throw nor spoil what they leave alone.</summary>
public sealed class FuzzTests
{
    private static readonly long Size = RecordedData.IsFull ? 1_000_000 : 3_000;

    private static readonly Gen<string> Words = Gen.OneOf(
        "__RANDOM_INT__", "x-__RANDOM_INT__-__RANDOM_INT__", "https://example.com/a.png", "data:image/png;base64,AAAA", "LoadImage", "KSampler", "", "é\u0000\"\\/\n", "18446744073709551615", "../../etc/passwd", "{a|{b|c}} {", "// {a}");

    private static readonly Gen<string> Text = Gen.Frequency((3, Words), (1, Gen.String[0, 12]));

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Text.Select(t => JsonSerializer.Serialize(t)),
        Gen.OneOf("null", "true", "false", "0", "-1", "1e400", "18446744073709551615", "8.000000000000002", "[]", "{}"));

    private static readonly Gen<string> Value = Gen.OneOf(Scalar, Scalar.Array[0, 3].Select(v => $"[{string.Join(",", v)}]"));

    private static readonly Gen<string> Node = Gen.Select(Text, Gen.Select(Text, Value).Array[0, 4], (type, inputs) =>
        "{\"class_type\": " + JsonSerializer.Serialize(type) + ", \"inputs\": {" + Fields(inputs) + "}}");

    private static readonly Gen<string> Graph = Gen.Select(Text, Node).Array[0, 4].Select(nodes =>
        "{" + Fields(nodes) + "}");

    private static readonly Gen<string> Body = Gen.Select(
        Gen.OneOf(Graph, Value),
        Gen.Select(Gen.OneOf("request_id", "modifier", "modifications", "s3", "webhook", "return_outputs_as_base64", "extra"), Value).Array[0, 4],
        (graph, fields) => "{\"input\": {\"workflow_json\": " + graph + (fields.Length > 0 ? ", " : "") + Fields(fields) + "}}");

    /// <summary>Nodes that the catalogue has, and numbers and connections in and out of place.</summary>
    private static readonly Gen<string> WiredValue = Gen.Frequency(
        (2, Gen.Select(Gen.OneOf("1", "2", "9", "x"), Gen.Int[-1, 3], (node, slot) => $"[\"{node}\", {slot}]")), (2, Scalar), (1, Value));

    private static readonly Gen<string> WiredNode = Gen.Select(
        Gen.OneOf("EmptyImage", "SaveImage", "LoadImage", "KSampler", "Unknown"),
        Gen.Select(Gen.OneOf("width", "height", "images", "image", "filename_prefix", "steps", "color"), WiredValue).Array[0, 5],
        (type, inputs) => "{\"class_type\": \"" + type + "\", \"inputs\": {" + Fields(inputs) + "}}");

    private static readonly Gen<string> Wired = Gen.Select(Gen.OneOf("1", "2", "9", "x"), WiredNode).Array[1, 4].Select(nodes => "{" + Fields(nodes) + "}");

    private static readonly Gen<string> Small = Gen.OneOf("1", "2", "3", "0", "-1", "null", "\"2\"", "[]");

    /// <summary>Graphs as the editor saves them, with connections in and out of place, loops among them.</summary>
    private static readonly Gen<string> Edited = Gen.Select(
        Gen.Select(
            Gen.Select(Small, Gen.OneOf("EmptyImage", "SaveImage", "LoadImage", "KSampler", "Reroute", "PrimitiveNode", "Note", "Unknown", "workflow>x", "S", "T"), Gen.OneOf("0", "2", "4", "\"x\"")),
            Gen.Select(Gen.OneOf("images", "image", "steps", "x"), Small).Array[0, 3],
            Gen.OneOf(Scalar.Array[0, 5].Select(v => $"[{string.Join(",", v)}]"), Scalar),
            (node, inputs, widgets) => "{\"id\": " + node.Item1 + ", \"type\": \"" + node.Item2 + "\", \"mode\": " + node.Item3 + ", \"widgets_values\": " + widgets
                + ", \"outputs\": [{\"type\": \"IMAGE\"}], \"inputs\": [" + string.Join(",", inputs.Select(i => "{\"name\": \"" + i.Item1 + "\", \"type\": \"IMAGE\", \"link\": " + i.Item2 + "}")) + "]}").Array[0, 5],
        Gen.Select(Small, Small, Small, (id, from, slot) => $"[{id}, {from}, {slot}, 1, 0, \"IMAGE\"]").Array[0, 5],
        (nodes, links) => "{\"version\": 0.4, \"nodes\": [" + string.Join(",", nodes) + "], \"links\": [" + string.Join(",", links) + "]");

    /// <summary>The same with subgraphs, which may hold each other or themselves.</summary>
    private static readonly Gen<string> Nested = Gen.Select(Edited, Edited, Edited, (outer, one, two) =>
        outer + ", \"definitions\": {\"subgraphs\": [" + one + ", \"id\": \"S\", \"inputs\": [{\"name\": \"images\"}], \"inputNode\": {\"id\": 1}}, " + two + ", \"id\": \"T\", \"outputNode\": {\"id\": 2}}]}}");

    private const string Known = """
        {"EmptyImage": {"input": {"required": {"width": ["INT", {"default": 512, "min": 1, "max": 16384}], "height": ["INT", {"min": 1, "max": 16384}], "color": ["INT", {"min": 0}]}}, "output": ["IMAGE"], "output_node": false},
         "LoadImage": {"input": {"required": {"image": [["a.png", "b.png"], {"image_upload": true}]}}, "output": ["IMAGE", "MASK"], "output_node": false},
         "KSampler": {"input": {"required": {"steps": ["INT", {"min": 1, "max": 150}]}, "optional": {"width": ["FLOAT", {"min": 0, "max": 1}]}}, "output": ["LATENT"], "output_node": false},
         "SaveImage": {"input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "x", "dynamicPrompts": true}]}}, "output": [], "output_node": true}}
        """;

    private static readonly Lazy<NodeCatalogue> Catalogue = new(static () => NodeCatalogue.Read(JsonElement.Parse(Known)));

    [Fact]
    public void Read_GeneratedBodies_NeverThrows() => Body.Sample(body => Read(Encoding.UTF8.GetBytes(body)), iter: Size);

    [Fact]
    public void Read_DamagedBodies_NeverThrows() => Gen.Select(Body, Gen.Int[0, 10_000], Gen.Byte).Sample((body, position, value) =>
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        bytes[position % bytes.Length] = value;
        Read(bytes);
    }, iter: Size);

    [Fact]
    public void Rewrite_GeneratedGraphs_OnlyTouchesPlaceholders() => Graph.Sample(graph =>
    {
        var bytes = Encoding.UTF8.GetBytes(graph);
        var drawn = new List<DrawnNumber>();
        var written = RandomNumbers.Replace(bytes, new KeyedRandom(Guid.Empty), drawn);
        using var document = JsonDocument.Parse(written);
        FileInputFinder.Find(written, null);
        if (drawn.Count == 0)
        {
            Assert.True(written.Span.SequenceEqual(bytes));
        }
    }, iter: Size);

    [Fact]
    public void Check_GeneratedGraphs_NeverThrows() => Wired.Sample(graph => WorkflowCheck.Run(Encoding.UTF8.GetBytes(graph), Catalogue.Value), iter: Size);

    [Fact]
    public void Convert_GeneratedEditorGraphs_NeverThrowsAndGivesWorkflows() => Nested.Sample(graph =>
    {
        using var document = JsonDocument.Parse(graph, new JsonDocumentOptions { MaxDepth = JsonLimits.MaxDepth });
        var converted = EditorConversion.Convert(document.RootElement, Catalogue.Value, new KeyedRandom(Guid.Empty), default);
        if (converted.Problems.Count == 0)
        {
            WorkflowCheck.Run(converted.Json, Catalogue.Value);
        }
    }, iter: Size);

    [Fact]
    public async Task Post_GeneratedBodies_AreNeverOurFault()
    {
        await using var host = await ApiHost.StartAsync();
        host.Engine.Catalogue = JsonNode.Parse(Known)!.AsObject();
        await host.Engine.ConnectedAsync();
        var count = RecordedData.IsFull ? 50_000 : 400;
        var bodies = new List<string>(count);
        Gen.Frequency((3, Body), (1, Gen.OneOf(Wired, Nested).Select(g => "{\"input\": {\"workflow_json\": " + g + "}}"))).Sample(bodies.Add, iter: count, threads: 1);
        var answers = new ConcurrentDictionary<int, string>();

        await Parallel.ForEachAsync(bodies, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, async (body, cancellationToken) =>
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await host.Http.PostAsync("/generate", content, cancellationToken);
            answers.TryAdd((int)response.StatusCode, body);
        });

        Assert.Subset(new HashSet<int> { 202, 409, 422, 503 }, answers.Keys.ToHashSet());
        Assert.True(answers.ContainsKey(422));
        Assert.True(answers.ContainsKey(202));
    }

    private static string Fields((string Name, string Value)[] fields) =>
        string.Join(",", fields.DistinctBy(f => f.Name).Select(f => $"{JsonSerializer.Serialize(f.Name)}: {f.Value}"));

    private static void Read(byte[] body)
    {
        var request = PayloadReader.Read(body, isJson: true, "http://x", out var problems);
        Assert.NotEqual(request is null, problems.Count == 0);
        if (request is { Template: null, IsEditorFormat: false })
        {
            RandomNumbers.Replace(request.Workflow, new KeyedRandom(Guid.Empty), []);
            FileInputFinder.Find(request.Workflow, null);
        }
    }
}
