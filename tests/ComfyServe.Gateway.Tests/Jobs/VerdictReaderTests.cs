using System.Text;
using ComfyServe.Gateway.Jobs;

namespace ComfyServe.Gateway.Tests.Jobs;

public sealed class VerdictReaderTests
{
    [Theory]
    [InlineData(200, """{"status":"completed"}""", nameof(VerdictKind.Completed))]
    [InlineData(200, """{"status":"failed"}""", nameof(VerdictKind.Failed))]
    [InlineData(200, "no JSON", nameof(VerdictKind.Retry))]
    [InlineData(422, """{"status":"failed"}""", nameof(VerdictKind.Failed))]
    [InlineData(500, """{"status":"failed"}""", nameof(VerdictKind.Failed))]
    [InlineData(500, """{"status":"failed","error":{"code":"node_failed","retryable":false}}""", nameof(VerdictKind.Failed))]
    [InlineData(500, """{"status":"failed","error":{"code":"gpu_unrecoverable","retryable":true}}""", nameof(VerdictKind.Retry))]
    [InlineData(500, """{"status":"failed","error":"text"}""", nameof(VerdictKind.Failed))]
    [InlineData(500, "", nameof(VerdictKind.Retry))]
    [InlineData(503, """{"status":"failed"}""", nameof(VerdictKind.Retry))]
    [InlineData(499, "", nameof(VerdictKind.Retry))]
    public void Read_Answer_IsWhatItMeans(int status, string body, string expected) =>
        Assert.Equal(expected, VerdictReader.Read(status, Encoding.UTF8.GetBytes(body)).Kind.ToString());
}
