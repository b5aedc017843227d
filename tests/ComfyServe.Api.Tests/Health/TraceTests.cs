using System.Collections.Concurrent;
using System.Diagnostics;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Health;

public sealed class TraceTests
{
    [Fact]
    public async Task Trace_OfAJob_HasItsStagesNodesAndWebhook()
    {
        var id = $"trace-{Guid.NewGuid():N}";
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static s => s.Name == "ComfyServe.Api",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = a =>
            {
                if ((string?)a.GetTagItem("comfyserve.request_id") == id)
                {
                    spans.Enqueue(a);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        await using var host = await ApiHost.StartAsync(o => o.Webhook.Url = receiver.BaseUrl);

        await host.RunAsync(Workflows.Steps, $""", "request_id": "{id}" """);
        await receiver.ReceivedAsync(1);
        await host.StopServiceAsync(); // the webhook's span ends with its answer

        Assert.Equal(["inputs", "job", "node", "node", "outputs", "run", "webhook"], spans.Select(s => s.OperationName).Order());
        var run = spans.Single(s => s.OperationName == "run");
        var nodes = spans.Where(s => s.OperationName == "node").OrderBy(s => s.StartTimeUtc).ToList();
        Assert.Equal(["3", "9"], nodes.Select(n => (string?)n.GetTagItem("comfyserve.node_id")));
        Assert.All(nodes, n => Assert.Equal((run.SpanId, run.TraceId), (n.ParentSpanId, n.TraceId)));
        Assert.Equal(run.TraceId, spans.Single(s => s.OperationName == "job").TraceId);
    }
}
