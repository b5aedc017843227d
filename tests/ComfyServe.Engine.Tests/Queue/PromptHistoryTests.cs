using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Queue;

namespace ComfyServe.Engine.Tests.Queue;

public sealed class PromptHistoryTests
{
    private static readonly ExecutionOutcome Success = new("success", Completed: true, [], [], []);

    [Theory]
    [InlineData(null, -1, "abcde")]
    [InlineData(2L, -1, "de")]
    [InlineData(2L, 1, "bc")]
    [InlineData(null, 3, "de")]
    [InlineData(9L, -1, "abcde")]
    [InlineData(0L, 0, "a")]
    public void List_Window_StartsAtTheOldest(long? maxItems, long offset, string expected)
    {
        var history = Filled(new PromptHistory());

        Assert.Equal(expected, Ids(history.List(maxItems, offset)));
    }

    [Fact]
    public void Add_KnownId_KeepsItsPlaceWithTheNewResult()
    {
        var history = Filled(new PromptHistory());

        Add(history, "b", new ExecutionOutcome("error", Completed: false, [], [], []));

        Assert.Equal("abcde", Ids(history.List(null, -1)));
        Assert.Contains("\"status_str\": \"error\", \"completed\": false", Encoding.ASCII.GetString(history.Find("b")[0].Value), StringComparison.Ordinal);
    }

    [Fact]
    public void Add_MoreThanTheLimit_ForgetsTheOldest()
    {
        var history = Filled(new PromptHistory(maxEntries: 2));

        Assert.Equal("cde", Ids(history.List(null, -1)));
    }

    [Fact]
    public void Add_MoreBytesThanTheLimit_ForgetsTheOldest()
    {
        var length = Filled(new PromptHistory()).Find("a")[0].Value.Length;
        var history = Filled(new PromptHistory(maxBytes: length * 3));

        Assert.Equal("cde", Ids(history.List(null, -1)));
    }

    [Fact]
    public void Add_PromptWithSecrets_KeepsNone()
    {
        var history = new PromptHistory();
        var extra = new JsonObject { ["api_key_comfy_org"] = "secret", ["auth_token_comfy_org"] = "secret", ["client_id"] = "me" };

        history.Add(new QueueItem(new QueuedPrompt(3.5, "x", [], extra, ["2"]), 3.5), Success);

        Assert.Equal(
            """{"prompt": [3.5, "x", {}, {"client_id": "me"}, ["2"]], "outputs": {}, "status": {"status_str": "success", "completed": true, "messages": []}, "meta": {}}""",
            Encoding.ASCII.GetString(history.Find("x")[0].Value));
        Assert.Equal("secret", (string?)extra["api_key_comfy_org"]);
    }

    [Fact]
    public void Delete_ThenFind_HasNothing()
    {
        var history = Filled(new PromptHistory());

        history.Delete("c");
        history.Delete("unknown");

        Assert.Equal("abde", Ids(history.List(null, -1)));
        Assert.Empty(history.Find("c"));
    }

    private static PromptHistory Filled(PromptHistory history)
    {
        foreach (var id in (string[])["a", "b", "c", "d", "e"])
        {
            Add(history, id, Success);
        }

        return history;
    }

    private static void Add(PromptHistory history, string id, ExecutionOutcome outcome) =>
        history.Add(new QueueItem(new QueuedPrompt(0, id, [], [], []), 0), outcome);

    private static string Ids(IEnumerable<KeyValuePair<string, byte[]>> entries) => string.Concat(entries.Select(e => e.Key));
}
