using System.Net;
using System.Text;
using ComfyServe.Worker.Benchmark;

namespace ComfyServe.Worker.Tests.Benchmark;

public sealed class GenerationCheckTests
{
    private const string CachedTwo = """
        {"status":"completed","output":[{"filename":"a"}],"comfyui_response":{"p1":{"status":{"messages":[["execution_start",{}],["execution_cached",{"nodes":["1","2"]}]]}}}}
        """;

    [Theory]
    [InlineData(200, """{"status":"completed","output":[{"filename":"a"}]}""", "Verified")]
    [InlineData(200, """{"status":"completed","output":[],"texts":[{"text":"a"}]}""", "Verified")]
    [InlineData(200, """{"status":"completed","output":[]}""", "Failed")]
    [InlineData(200, """{"status":"failed","output":[{"filename":"a"}]}""", "Failed")]
    [InlineData(200, "hello", "Failed")]
    [InlineData(202, """{"status":"completed","output":[{"filename":"a"}]}""", "Refused")]
    [InlineData(500, """{"status":"failed","message":"x","error":{"code":"workflow_refused"}}""", "Refused")]
    [InlineData(500, """{"status":"failed","message":"x","error":{"code":"node_failed"}}""", "Failed")]
    [InlineData(500, """{"status":"failed","message":"ckpt_name not in list"}""", "Refused")]
    [InlineData(422, """{"detail":"x"}""", "Refused")]
    [InlineData(503, """{"status":"failed"}""", "Unreachable")]
    [InlineData(502, "", "Unreachable")]
    public void Of_Answer_IsJudged(int status, string body, string verdict) =>
        Assert.Equal(verdict, GenerationCheck.Of((HttpStatusCode)status, Encoding.UTF8.GetBytes(body), nodes: 3).Verdict.ToString());

    [Theory]
    [InlineData(3, "Verified")]
    [InlineData(2, "Failed")]
    public void Of_AllFromTheCache_DoesNotCount(int nodes, string verdict) =>
        Assert.Equal(verdict, GenerationCheck.Of(HttpStatusCode.OK, Encoding.UTF8.GetBytes(CachedTwo), nodes).Verdict.ToString());
}
