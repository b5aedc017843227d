using System.Text.Json.Nodes;

namespace ComfyServe.Cli.Tests;

public sealed class WorkerGroupTroubleTests
{
    [Fact]
    public void AddTrouble_GroupThatPauses_HasErrorAndPauseAndNoKey()
    {
        List<JsonObject> groups = [new() { ["id"] = 3L, ["api_key"] = "ce_secret" }, new() { ["id"] = 4L, ["api_key"] = "ce_secret" }];
        var overview = JsonNode.Parse("""{"endpoints": [{"workergroups": [{"id": 3, "error": "worker 9: its process has ended", "paused_seconds": 8}]}]}""")!;

        WorkersVerb.AddTrouble(groups, overview);

        Assert.Equal(["""{"id":3,"error":"worker 9: its process has ended","paused_seconds":8}""", """{"id":4}"""], groups.Select(static g => g.ToJsonString()));
    }
}
