using System.Text.Json.Nodes;

namespace ComfyServe.Workflows.Tests;

public sealed class WorkflowTests
{
    private const string Text = """
        {"1": {"class_type": "A", "inputs": {"x": 1}, "_meta": {"title": "First"}},
         "2": {"class_type": "B", "inputs": {"a": ["1", 0], "list": ["1", "2"], "b": ["1", 1.0]}},
         "3": {"class_type": "C", "inputs": {"a": ["2", 0], "b": ["1", 0]}}}
        """;

    [Fact]
    public void Parse_ApiFormat_GivesNodesInOrder()
    {
        var workflow = Workflow.Parse(Text);

        Assert.Equal([("1", "A", "First"), ("2", "B", null), ("3", "C", null)], workflow.Nodes.Select(n => (n.Id, n.ClassType, n.Title)));
    }

    [Fact]
    public void Links_ListsOfATextAndAWholeNumber_AreLinksAndNothingElseIs()
    {
        var node = Workflow.Parse(Text).Find("2")!;

        Assert.Equal([("a", new WorkflowLink("1", 0)), ("b", new WorkflowLink("1", 1))], node.Links.Select(l => (l.Key, l.Value)));
    }

    [Fact]
    public void Ancestors_SharedNode_ComesOnceAndNearestFirst() =>
        Assert.Equal(["2", "1"], Workflow.Parse(Text).Ancestors("3"));

    [Fact]
    public void Ancestors_Cycle_Ends() =>
        Assert.Equal(["2"], Workflow.Parse("""{"1": {"class_type": "A", "inputs": {"x": ["2", 0]}}, "2": {"class_type": "A", "inputs": {"x": ["1", 0]}}}""").Ancestors("1"));

    [Fact]
    public void Set_Input_ChangesTheGraph()
    {
        var workflow = Workflow.Parse(Text);

        workflow.Set("1", "x", JsonValue.Create(7));

        Assert.Equal("""{"x":7}""", workflow.Graph["1"]!["inputs"]!.ToJsonString());
    }

    [Fact]
    public void Set_UnknownNode_SaysWhichThereAre()
    {
        var exception = Assert.Throws<KeyNotFoundException>(() => Workflow.Parse(Text).Set("9", "x", null));

        Assert.Equal("the workflow has no node '9'; it has '1', '2', '3'", exception.Message);
    }

    [Fact]
    public void Renamed_Ids_LinksFollow()
    {
        var renamed = Workflow.Parse(Text).Renamed(id => $"n{id}");

        Assert.Equal("""{"a":["n2",0],"b":["n1",0]}""", renamed.Graph["n3"]!["inputs"]!.ToJsonString());
        Assert.Equal("""["1","2"]""", renamed.Graph["n2"]!["inputs"]!["list"]!.ToJsonString());
    }

    [Fact]
    public void Parse_SeveralMistakes_NamesThemAll()
    {
        var exception = Assert.Throws<WorkflowFormatException>(() => Workflow.Parse("""{"1": 5, "2": {"inputs": {}}, "3": {"class_type": "A", "inputs": []}}"""));

        Assert.Equal(
            ["node '1' is no object with 'class_type' and 'inputs'", "node '2' has no text 'class_type'", "node '3' has no object 'inputs'"],
            exception.Problems);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"nodes": [], "links": [], "version": 0.4}""")]
    public void Parse_NoWorkflow_IsRefused(string text) => Assert.Throws<WorkflowFormatException>(() => Workflow.Parse(text));
}
