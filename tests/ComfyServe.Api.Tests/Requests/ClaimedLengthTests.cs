using ComfyServe.Api.Requests;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>Memory grows with what a caller sends, not with what he says that he will.</summary>
public sealed class ClaimedLengthTests
{
    private const long Limit = 100L << 20;

    [Theory]
    [InlineData(1, Limit)]
    [InlineData(1, null)]
    [InlineData(100_000, Limit)]
    public async Task ReadBody_ClaimsMoreThanComes_AllocatesForWhatCame(int sent, long? claimed)
    {
        var context = new DefaultHttpContext();
        (context.Request.Body, context.Request.ContentLength) = (new MemoryStream(new byte[sent]), claimed);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var body = await RequestReader.ReadBodyAsync(context.Request, Limit);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(sent, body!.Value.Length);
        Assert.InRange(allocated, 0, 50_000 + (8 * sent));
    }

    [Fact]
    public async Task ReadBody_ExactLengthUpToTheLimit_IsWhole()
    {
        foreach (var length in new[] { 0, 1, 16_383, 16_384, 16_385, 1_000_000 })
        {
            var context = new DefaultHttpContext();
            (context.Request.Body, context.Request.ContentLength) = (new MemoryStream([.. Enumerable.Range(0, length).Select(static i => (byte)i)]), length);

            var body = await RequestReader.ReadBodyAsync(context.Request, 1_000_000);

            Assert.Equal(Enumerable.Range(0, length).Select(static i => (byte)i), body!.Value.ToArray());
        }
    }
}
