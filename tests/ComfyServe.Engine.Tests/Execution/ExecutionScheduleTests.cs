using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using CsCheck;

namespace ComfyServe.Engine.Tests.Execution;

public sealed class ExecutionScheduleTests
{
    /// <summary>The default text-to-image workflow: which node runs when decides which message comes when.</summary>
    [Fact]
    public void Next_DefaultWorkflow_RunsInComfyUIsOrder()
    {
        var graph = Graph(
            ("3", "ToyMany", ["5", "4", "7", "6"]), ("4", "ToyMany", []), ("5", "ToyMany", []), ("6", "ToyMany", ["4"]), ("7", "ToyMany", ["4"]),
            ("8", "ToyMany", ["3", "4"]), ("9", "ToyShow", ["8"]));

        Assert.Equal(["4", "6", "7", "5", "3", "8", "9"], Order(graph, ["9"], []));
    }

    [Fact]
    public void Next_SeveralReady_PrefersWhatLeadsToAnOutputSoonest()
    {
        var graph = Graph(("1", "ToyMany", []), ("2", "ToyMany", ["1"]), ("3", "ToyShow", ["2"]), ("5", "ToyMany", []), ("6", "ToyShow", ["5"]));

        Assert.Equal(["5", "6", "1", "2", "3"], Order(graph, ["6", "3"], []));
    }

    [Fact]
    public void Next_CachedAncestor_IsLeftOut() =>
        Assert.Equal(["2", "3"], Order(Graph(("1", "ToyMany", []), ("2", "ToyMany", ["1"]), ("3", "ToyShow", ["2"])), ["3"], ["1"]));

    [Fact]
    public void Add_AnyGraph_RunsEachNeededNodeOnceAfterItsSources()
    {
        var nodes = Gen.Int[1, 30].SelectMany(count => Gen.Select(
            Gen.Int[0, int.MaxValue].Array[0, 3].Array[count], Gen.Bool.Array[count], (links, cached) => (count, links, cached)));

        nodes.Sample(g =>
        {
            var parts = Enumerable.Range(0, g.count).Select(i => ($"{i}", "ToyMany", i == 0 ? [] : g.links[i].Select(l => $"{l % i}").Distinct().ToArray())).ToList();
            parts.Add(("out", "ToyShow", [$"{g.count - 1}"]));
            var graph = Graph([.. parts]);
            var cached = Enumerable.Range(0, g.count).Where(i => g.cached[i]).Select(i => $"{i}").ToHashSet();
            var order = Order(graph, ["out"], cached);

            var place = order.Select((id, i) => (id, i)).ToDictionary(p => p.id, p => p.i);
            return order.Count == place.Count
                && order[^1] == "out"
                && !order.Any(cached.Contains)
                && order.All(id => parts.Single(p => p.Item1 == id).Item3.All(source => cached.Contains(source) || place[source] < place[id]));
        });
    }

    [Fact]
    public void Cycle_NodesThatWaitForEachOther_AreNamedWithoutThoseBehind()
    {
        var schedule = new ExecutionSchedule(Graph(("1", "ToyMany", ["2"]), ("2", "ToyMany", ["1"]), ("3", "ToyShow", ["2"])), _ => false);

        schedule.Add("3");

        Assert.Null(schedule.Next());
        Assert.Equal(["1", "2"], schedule.Cycle().Select(n => n.Id).Order());
    }

    private static PromptGraph Graph(params (string Id, string Class, string[] Sources)[] nodes) => new(
        new JsonObject(nodes.Select(n => KeyValuePair.Create(n.Id, (JsonNode?)new JsonObject
        {
            ["class_type"] = n.Class,
            ["inputs"] = new JsonObject(n.Sources.Select((s, i) => KeyValuePair.Create(n.Class == "ToyShow" ? "value" : $"in{i}", (JsonNode?)new JsonArray(s, 0)))),
        }))),
        ToyNodes.Catalogue);

    private static List<string> Order(PromptGraph graph, string[] outputs, IEnumerable<string> cached)
    {
        var known = cached.ToHashSet();
        var schedule = new ExecutionSchedule(graph, known.Contains);
        foreach (var output in outputs)
        {
            schedule.Add(output);
        }

        var order = new List<string>();
        while (schedule.Next() is { } node)
        {
            order.Add(node.Id);
            schedule.Complete(node.Id);
        }

        Assert.True(schedule.IsEmpty);
        return order;
    }
}
