using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Tests.Traces;
using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Nodes;

[Trait("kind", "comparison")]
public sealed class ObjectInfoTests
{
    private static readonly EngineFolders Empty = new(Path.Combine(RepositoryRoot.Path, "artifacts", "no-such-data"));

    public static TheoryData<string> Nodes() => ObjectInfoTrace.Missing is { } reason
        ? [new TheoryDataRow<string>("object_info.json") { Skip = reason }]
        : [.. Recorded().Select(n => n.Key)];

    [Theory]
    [MemberData(nameof(Nodes))]
    public void Describe_BuiltInNode_EqualsComfyUI(string name)
    {
        if (!NodeCatalogue.BuiltIn.TryGet(name, out var node))
        {
            Assert.Skip($"node '{name}' is not built");
        }

        var expected = Comparable(Recorded()[name]!, node);

        var actual = Comparable(ObjectInfo.Describe(node, Empty), node);

        Assert.Equal(expected.ToJsonString(), actual.ToJsonString());
    }

    /// <summary>Texts of help and description are our own, file lists depend on the machine, and key order means nothing.</summary>
    private static JsonNode Comparable(JsonNode entry, NodeDescriptor node)
    {
        var copy = entry.DeepClone().AsObject();
        copy["description"] = "";
        if (copy["output_tooltips"] is JsonArray tooltips)
        {
            copy["output_tooltips"] = tooltips.Count;
        }

        foreach (var section in copy["input"]!.AsObject().Where(s => s.Key != "hidden").Select(s => s.Value!.AsObject()))
        {
            foreach (var (name, config) in section)
            {
                Blank(config!.AsArray(), node.InputsByName.GetValueOrDefault(name));
            }
        }

        return TraceJson.Sorted(copy)!;
    }

    private static void Blank(JsonArray config, NodeInput? input)
    {
        var options = config.Count > 1 ? config[1]!.AsObject() : null;
        if (options?["tooltip"] is not null)
        {
            options["tooltip"] = "";
        }

        if (input is { Choices: not null, IsScanned: true })
        {
            if (options?["options"] is not null)
            {
                options["options"] = new JsonArray();
            }

            if (config[0] is JsonArray)
            {
                config[0] = new JsonArray();
            }
        }
    }

    private static JsonObject Recorded() => ObjectInfoTrace.Read();
}
