using System.Text;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Contracts.Tests.Api;

public sealed class AnswerVerdictTests
{
    [Theory]
    [InlineData(200, """{"status":"completed"}""", AnswerMeaning.Completed)]
    [InlineData(200, """{"anything":[{"else":"{"}]}""", AnswerMeaning.Completed)]
    [InlineData(200, """{"status":"failed"}""", AnswerMeaning.Failed)]
    [InlineData(200, """{"status":"cancelled"}""", AnswerMeaning.Failed)]
    [InlineData(200, "no JSON", AnswerMeaning.Broken)]
    [InlineData(200, """{"status":"completed" """, AnswerMeaning.Broken)]
    [InlineData(200, """{"status":"completed"} {}""", AnswerMeaning.Broken)]
    [InlineData(200, "[]", AnswerMeaning.Broken)]
    [InlineData(401, "", AnswerMeaning.Busy)]
    [InlineData(429, """{"status":"failed"}""", AnswerMeaning.Busy)]
    [InlineData(404, "", AnswerMeaning.Refused)]
    [InlineData(422, """{"detail":[{"msg":"x"}]}""", AnswerMeaning.Refused)]
    [InlineData(422, """{"detail":[],"id":"a","status":"failed","message":"x"}""", AnswerMeaning.Refused)]
    [InlineData(422, """{"status":"failed","error":{"code":"workflow_refused"}}""", AnswerMeaning.Refused)]
    [InlineData(422, """{"status":"failed","error":{"code":"input_refused"}}""", AnswerMeaning.Refused)]
    [InlineData(422, """{"status":"failed","error":{"code":"node_failed"}}""", AnswerMeaning.Failed)] // our worker's form of a 500
    [InlineData(422, """{"status":"failed"}""", AnswerMeaning.Failed)] // and of the original's
    [InlineData(499, """{"status":"cancelled"}""", AnswerMeaning.Failed)]
    [InlineData(499, "", AnswerMeaning.Broken)]
    [InlineData(500, """{"status":"failed"}""", AnswerMeaning.Failed)]
    [InlineData(500, """{"status":"failed","error":{"code":"node_failed","retryable":false}}""", AnswerMeaning.Failed)]
    [InlineData(500, """{"status":"failed","error":{"code":"gpu_unrecoverable","retryable":true}}""", AnswerMeaning.Broken)]
    [InlineData(500, """{"error":{"retryable":true,"details":{"code":[1]}},"comfyui_response":{"status":"x"},"status":"failed"}""", AnswerMeaning.Broken)]
    [InlineData(500, """{"status":"failed","error":"text"}""", AnswerMeaning.Failed)]
    [InlineData(500, """{"status":["failed"]}""", AnswerMeaning.Broken)]
    [InlineData(500, """{"status":"failed","error":{"code":"workflow_refused"}}""", AnswerMeaning.Refused)] // our API service of before
    [InlineData(500, "", AnswerMeaning.Broken)]
    [InlineData(502, """{"status":"failed","message":"Cannot connect"}""", AnswerMeaning.Broken)]
    [InlineData(503, """{"status":"failed","message":"Worker at capacity (1 in flight); retry shortly"}""", AnswerMeaning.Broken)]
    public void Of_Answer_IsWhatItMeans(int status, string body, AnswerMeaning expected) =>
        Assert.Equal(expected, AnswerVerdict.Of(status, Encoding.UTF8.GetBytes(body)).Meaning);

    [Fact]
    public void Of_EveryBeginningOfALongAnswer_IsReadAsFarAsItGoes()
    {
        var body = Encoding.UTF8.GetBytes("""{"id":"1","status":"failed","message":"no \"luck\"","error":{"code":"node_failed","retryable":false},"comfyui_response":{"a":["status",{"b":1}]}}""");
        var decided = Encoding.UTF8.GetString(body).IndexOf(",\"message\"", StringComparison.Ordinal);
        for (var length = 0; length <= body.Length; length++)
        {
            var verdict = AnswerVerdict.Of(500, body.AsSpan(0, length), isWhole: false);

            Assert.Equal(length >= decided ? AnswerMeaning.Failed : AnswerMeaning.Broken, verdict.Meaning);
        }

        var whole = AnswerVerdict.Of(500, body);
        Assert.Equal(("no \"luck\"", "node_failed", true), (whole.Message, whole.ErrorCode, whole.IsObject));
    }

    [Fact]
    public void Of_AnyBytes_NeverThrows()
    {
        var random = new Random(3);
        var text = """{"status":"failed","error":{"code":"x","retryable":true},"detail":[],"message":"\ud83d\ude00 é"}""";
        for (var round = 0; round < 20_000; round++)
        {
            var body = Encoding.UTF8.GetBytes(text);
            for (var change = random.Next(4); change >= 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            _ = AnswerVerdict.Of(random.Next(200, 600), body.AsSpan(0, random.Next(body.Length + 1)), random.Next(2) == 0);
        }
    }
}
