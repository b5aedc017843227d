using ComfyServe.Hosting;
using ComfyServe.Worker.Forwarding;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Tests.Forwarding;

/// <summary>Memory grows with what a caller sends, not with what he says that he will.</summary>
public sealed class BodyReaderTests
{
    private readonly WorkerOptions _options = new();
    private readonly BodyBudget _budget = new(1 << 20);

    [Theory]
    [InlineData(1, 100L << 20, 16 << 10)]
    [InlineData(1, null, 16 << 10)]
    [InlineData(0, 5L, 6)]
    [InlineData(100_000, 100L << 20, 128 << 10)]
    public async Task Read_ClaimsMoreThanComes_TakesForWhatCame(int sent, long? claimed, int taken)
    {
        var context = new DefaultHttpContext();
        (context.Request.Body, context.Request.ContentLength) = (new MemoryStream(new byte[sent]), claimed);

        using (var body = await new BodyReader(_options, _budget).ReadAsync(context.Request, TestContext.Current.CancellationToken))
        {
            Assert.Equal((0, sent), (body.Refusal, body.Length));
            Assert.Equal(taken, (1 << 20) - _budget.Left);
        }

        Assert.Equal(1 << 20, _budget.Left);
    }
}
