namespace ComfyServe.Api.Tests.Health;

public sealed class MetricsTests
{
    [Fact]
    public async Task Metrics_AfterAJob_CountItInPrometheusForm()
    {
        await using var host = await ApiHost.StartAsync();
        await host.SubmitAsync(Workflows.Image, """, "request_id": "abc" """);
        await host.GetAsync("/result/abc?wait=30");

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        string text;
        do
        {
            await Task.Delay(20, patience.Token);
            text = await host.Http.GetStringAsync("/metrics", patience.Token);
        }
        while (!text.Contains("comfyserve_jobs_finished", StringComparison.Ordinal));

        Assert.Contains("status=\"completed\"", text, StringComparison.Ordinal);
        Assert.Contains("comfyserve_engine_available", text, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", text, StringComparison.Ordinal);
    }
}
