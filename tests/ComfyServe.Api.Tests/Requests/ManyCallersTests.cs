using System.Collections.Concurrent;

namespace ComfyServe.Api.Tests.Requests;

public sealed class ManyCallersTests
{
    [Fact]
    public async Task Sync_AThousandCallersWait_EachGetsHisOwnAnswer()
    {
        const int Callers = 1000;
        await using var host = await ApiHost.StartAsync(static o => o.MaxQueueSize = Callers + 10);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "first" """);
        await host.SubmitAsync(Workflows.Long, """, "request_id": "second" """);
        await host.Engine.SubmittedAsync(2); // one runs, one is prefetched: everybody else waits

        var answers = new ConcurrentDictionary<string, string?>();
        var calling = Enumerable.Range(0, Callers).Select(async i =>
        {
            var (status, answer) = await host.RunAsync(Workflows.Image, $""", "request_id": "c{i}" """);
            answers[$"c{i}"] = status == 200 ? (string?)answer["id"] : $"{status} {answer["message"]}";
        }).ToList();
        while ((int)(await host.GetAsync("/queue-info")).Body["generation_queue_size"]! < Callers)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Empty(answers);
        await host.PostAsync("/cancel/first", "{}");
        await host.PostAsync("/cancel/second", "{}");
        await Task.WhenAll(calling);

        Assert.Equal(Callers, answers.Count);
        Assert.All(answers, a => Assert.Equal(a.Key, a.Value));
        Assert.Equal(Callers + 2, host.Engine.Submitted.Count);
    }
}
