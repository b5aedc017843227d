using System.Text.Json.Nodes;
using ComfyServe.Workflows.Signatures;
using CsCheck;

namespace ComfyServe.Workflows.Tests.Signatures;

public sealed class AncestorSignaturesTests
{
    private const string Text = """
        {"1": {"class_type": "A", "inputs": {"x": 1, "y": "é"}}, "2": {"class_type": "B", "inputs": {"left": ["1", 0], "right": ["1", 1]}},
         "3": {"class_type": "B", "inputs": {"left": ["2", 0], "right": ["1", 0]}}}
        """;

    [Fact]
    public void Of_KeyOrderAndNumberSpelling_DoNotCount() =>
        Assert.Equal(Sign(Text, "3"), Sign("""
            {"3": {"inputs": {"right": ["1", 0], "left": ["2", 0]}, "class_type": "B", "_meta": {"title": "other"}},
             "2": {"class_type": "B", "inputs": {"right": ["1", 1.0], "left": ["1", 0]}}, "1": {"class_type": "A", "inputs": {"y": "\u00e9", "x": 1}}}
            """, "3"));

    [Theory]
    [InlineData("\"x\": 1", "\"x\": 2")]
    [InlineData("\"x\": 1", "\"x\": 1.0")]
    [InlineData("\"x\": 1", "\"x\": \"1\"")]
    [InlineData("\"x\": 1", "\"x\": true")]
    [InlineData("\"x\": 1", "\"z\": 1")]
    [InlineData("\"x\": 1", "\"x\": [1, [2]]")]
    [InlineData("[\"1\", 1]", "[\"1\", 0]")]
    [InlineData("\"class_type\": \"A\"", "\"class_type\": \"C\"")]
    public void Of_AnyDifferenceOfAnAncestor_Counts(string from, string to) =>
        Assert.NotEqual(Sign(Text, "3"), Sign(Text.Replace(from, to, StringComparison.Ordinal), "3"));

    [Fact]
    public void Of_OneNodeTwiceOrTwoEqualNodes_AreDifferentGraphs() =>
        Assert.NotEqual(
            Sign("""{"1": {"class_type": "A", "inputs": {}}, "3": {"class_type": "B", "inputs": {"a": ["1", 0], "b": ["1", 0]}}}""", "3"),
            Sign("""{"1": {"class_type": "A", "inputs": {}}, "2": {"class_type": "A", "inputs": {}}, "3": {"class_type": "B", "inputs": {"a": ["1", 0], "b": ["2", 0]}}}""", "3"));

    [Fact]
    public void Of_FingerprintOrOwnId_Counts()
    {
        SignedNode Node(string? fingerprint, string? ownId) => new("A", [], fingerprint, ownId);
        (string? Fingerprint, string? OwnId)[] cases = [(null, null), ("a", null), (null, "a"), ("", null)];

        var signatures = cases.Select(c => new AncestorSignatures(_ => Node(c.Fingerprint, c.OwnId)).Of("1"));

        Assert.Equal(4, signatures.Distinct().Count());
    }

    [Fact]
    public void Of_CycleAndDanglingLink_EndWithASignature()
    {
        const string Cycle = """{"1": {"class_type": "A", "inputs": {"x": ["2", 0]}}, "2": {"class_type": "A", "inputs": {"x": ["1", 0], "y": ["9", 0]}}}""";

        Assert.NotEqual(Sign(Cycle, "1"), Sign(Cycle, "2"));
    }

    [Fact]
    public void Of_RenumberedGraph_IsTheSame()
    {
        Graphs().Sample(graph =>
        {
            var workflow = Workflow.Parse(graph);
            var renamed = workflow.Renamed(id => $"{(int.Parse(id) * 7919) % 104729}");
            return workflow.Nodes.All(n => Sign(workflow, n.Id) == Sign(renamed, $"{(int.Parse(n.Id) * 7919) % 104729}"));
        });
    }

    [Fact]
    public void Of_LiteralChanged_ChangesTheNodeAndThoseBehindItOnly()
    {
        Gen.Select(Graphs(), Gen.Int[0, int.MaxValue]).Sample((graph, pick) =>
        {
            var before = Workflow.Parse(graph);
            var changed = before.Nodes.ElementAt(pick % before.Nodes.Count()).Id;
            var after = Workflow.Parse(graph);
            after.Set(changed, "literal", JsonValue.Create(-1));

            return before.Nodes.All(n => (Sign(before, n.Id) != Sign(after, n.Id)) == (n.Id == changed || before.Ancestors(n.Id).Contains(changed)));
        });
    }

    [Fact]
    public void Of_ChainOfTenThousandNodes_IsSigned()
    {
        SignedNode Node(int id) => new("A", id == 0 ? [] : new JsonObject { ["x"] = new JsonArray($"{id - 1}", 0) }, null, null);

        var signature = new AncestorSignatures(id => Node(int.Parse(id))).Of("10000", TestContext.Current.CancellationToken);

        Assert.NotEqual(default, signature);
    }

    [Fact]
    public void Of_EveryNodeOfAChain_LooksAtEachLinkTwice()
    {
        SignedNode Node(int id) => new("A", id == 0 ? [] : new JsonObject { ["x"] = new JsonArray($"{id - 1}", 0), ["y"] = new JsonArray($"{id - 1}", 0) }, null, null);
        var signatures = new AncestorSignatures(id => Node(int.Parse(id)));

        var distinct = Enumerable.Range(0, 2000).Select(id => signatures.Of($"{id}", TestContext.Current.CancellationToken)).Distinct().Count();

        Assert.Equal(2000, distinct);
        Assert.Equal(2 * 2 * 1999, signatures.Visits);
    }

    private static Gen<string> Graphs() =>
        Gen.Int[1, 12].SelectMany(count => Gen.Select(Gen.Int[0, 2], Gen.Int[0, int.MaxValue].Array[0, 3], (literal, links) => (literal, links)).Array[count])
            .Select(nodes => new JsonObject(nodes.Select((n, i) => KeyValuePair.Create($"{i}", (JsonNode?)Node(i, n.literal, n.links)))).ToJsonString());

    private static JsonObject Node(int id, int literal, int[] links)
    {
        var inputs = new JsonObject { ["literal"] = literal };
        foreach (var (slot, link) in links.Index())
        {
            if (id > 0)
            {
                inputs[$"in{slot}"] = new JsonArray($"{link % id}", slot);
            }
        }

        return new JsonObject { ["class_type"] = "A", ["inputs"] = inputs };
    }

    private static Signature Sign(string workflow, string id) => Sign(Workflow.Parse(workflow), id);

    private static Signature Sign(Workflow workflow, string id) =>
        new AncestorSignatures(n => workflow.Find(n) is { } node ? new SignedNode(node.ClassType, node.Inputs, null, null) : null).Of(id);
}
