using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Worker.Forwarding;

namespace ComfyServe.Worker.Tests.Forwarding;

public sealed class WorkerCallTests
{
    private const string Good = """{"cost":100,"endpoint":"e","reqnum":1,"request_idx":2,"signature":"s","url":"u"}""";

    [Theory]
    [InlineData("")]
    [InlineData("nope")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("""{"payload":{"a":}}""")]
    public void Read_NotOneJsonObject_IsInvalid(string body) => // 26
        Assert.Equal("""{"error":"invalid JSON"}""", Mistakes(body));

    [Fact]
    public void Read_Empty_NamesBothFields() => // 27
        Assert.Equal("""{"auth_data":"field missing","payload":"field missing"}""", Mistakes("{}"));

    [Fact]
    public void Read_MostIsMissing_NamesEverything() // 28
    {
        var mistakes = JsonNode.Parse(Mistakes("""{"auth_data":{"url":"x"},"payload":3}"""))!;

        Assert.Equal(
            ["cost", "endpoint", "reqnum", "request_idx", "signature"],
            mistakes["auth_data"]!.AsObject().Select(static m => m.Key));
        Assert.All(mistakes["auth_data"]!.AsObject(), static m => Assert.Equal("missing parameter", (string)m.Value!));
        Assert.Equal("payload must be a dictionary", (string)mistakes["payload"]!["data"]!);
    }

    [Fact]
    public void Read_AuthDataIsNull_SaysSo() =>
        Assert.Equal("""{"auth_data":{"data":"auth_data must be a dictionary"}}""", Mistakes("""{"auth_data":null,"payload":{}}"""));

    [Fact]
    public void Read_UnknownMembers_AreIgnored() // 29
    {
        var call = Read($$"""{"x":[1,{"payload":1}],"auth_data":{{Good.Replace("}", ",\"more\":{\"a\":1}}", StringComparison.Ordinal)}},"payload":{},"session_id":null}""");

        Assert.NotNull(call);
        Assert.Null(call.SessionId);
        Assert.Equal(2, call.Ticket.Data.RequestIdx);
    }

    [Fact]
    public void Read_Payload_KeepsEveryByte()
    {
        const string Payload = "{ \"a\" : 1e400, \"b\":\"\\u00e9\", \"c\":[18446744073709551616 ]\n}";

        var call = Read($$"""{"auth_data":{{Good}},"session_id":"s","payload": {{Payload}} }""");

        Assert.Equal(Payload, Encoding.UTF8.GetString(call!.Payload.Span));
        Assert.Equal("s", call.SessionId);
    }

    [Fact]
    public void Read_NumbersAsTexts_AreRead() =>
        Assert.Equal(7, Read($$$"""{"auth_data":{{{Good.Replace("\"reqnum\":1", "\"reqnum\":\"7\"", StringComparison.Ordinal)}}},"payload":{}}""")!.Ticket.Data.Reqnum);

    [Fact]
    public void Read_WrongType_NamesTheMember() =>
        Assert.Equal("""{"auth_data":{"url":"wrong type"}}""", Mistakes($$$"""{"auth_data":{{{Good.Replace("\"u\"", "5", StringComparison.Ordinal)}}},"payload":{}}"""));

    [Fact]
    public void Read_TooDeep_IsInvalid() =>
        Assert.Equal("""{"error":"invalid JSON"}""", Mistakes($$$"""{"auth_data":{{{Good}}},"payload":{"a":{{{new string('[', 200)}}}{{{new string(']', 200)}}}}}"""));

    private static WorkerCall? Read(string body) => WorkerCall.Read(Encoding.UTF8.GetBytes(body), out _);

    private static string Mistakes(string body)
    {
        Assert.Null(WorkerCall.Read(Encoding.UTF8.GetBytes(body), out var mistakes));
        return mistakes.ToJsonString();
    }
}
