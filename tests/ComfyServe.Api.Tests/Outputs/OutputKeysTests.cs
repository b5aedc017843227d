using ComfyServe.Api.Jobs;
using ComfyServe.Api.Outputs;
using CsCheck;

namespace ComfyServe.Api.Tests.Outputs;

public sealed class OutputKeysTests
{
    private const string Template = "{request_id}/{filename}";
    private static readonly string[] Owners = ["alice", "Alice", "a/b", "o-85dd3b4113098ce259d2b9a39919b9cd"];
    private static readonly string[] Ids = ["a", "a.b", "a-b", "o-85dd3b4113098ce259d2b9a39919b9cd"];
    private static readonly string[] Names = ["x.png", "X.png", "x_2.png", "../x.png", "a/x.png", "x.png\0", "", ".", "{request_id}"];
    private static readonly string[] Nodes = ["1", "1:2", "a/b", "{filename}"];
    private static readonly string[] Templates = [Template, "{node_id}/{request_id}/{filename}", "{date}/{request_id}-{node_id}-{filename}", "renders/{filename}/{request_id}"];

    [Fact]
    public void Of_WithoutAnOwner_IsTheTemplateAlone() =>
        Assert.Equal(["order-17/x.png"], OutputKeys.Of(Template, Request(null, "order-17"), [File("x.png")], "2026-11-24"));

    [Fact]
    public void Of_AnOwner_LiesInHisFolderUnderANameOfThisJob()
    {
        var key = Assert.Single(OutputKeys.Of(Template, Request("alice", "order-17"), [File("x.png")], "2026-11-24"));

        Assert.Matches("^o-85dd3b4113098ce259d2b9a39919b9cd/order-17~[0-9a-f]{12}/x\\.png$", key);
    }

    [Fact]
    public void Of_TheSameRequestAgain_IsTheSame()
    {
        var request = Request("alice", "order-17");

        Assert.Equal(OutputKeys.Of(Template, request, [File("x.png")], "d"), OutputKeys.Of(Template, request, [File("x.png")], "d"));
    }

    [Fact]
    public void Of_AnyJobs_NeverCollideAndAreKeys() => Gen.Select(Of(Templates), Jobs.Array[2, 6]).Sample(static (template, jobs) =>
    {
        var keys = jobs.SelectMany(j => OutputKeys.Of(template, j.Request, j.Files, "2026-11-24")).ToList();
        Assert.All(keys, static k => Assert.True(ObjectKey.IsValid(k), k));
        Assert.Equal(keys.Count, keys.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    });

    private static Gen<(JobRequest Request, OutputRef[] Files)> Jobs =>
        from owner in Of(Owners)
        from id in Of(Ids)
        from files in Files.Array[0, 6]
        select (Request(owner, id), files);

    private static Gen<OutputRef> Files =>
        from node in Of(Nodes)
        from name in Of(Names)
        from folder in Of("", "a", "../a")
        select new OutputRef(node, "images", name, folder, "output");

    private static Gen<string> Of(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static JobRequest Request(string? owner, string id) => new() { Id = id, Owner = owner, Workflow = default, PublicUrl = "" };

    private static OutputRef File(string name) => new("9", "images", name, "", "output");
}
