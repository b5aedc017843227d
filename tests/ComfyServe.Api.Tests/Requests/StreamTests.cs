namespace ComfyServe.Api.Tests.Requests;

public sealed class StreamTests
{
    [Fact]
    public async Task Stream_Steps_TellsEachStepAndEndsWithTheResult()
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await StreamAsync(host, Workflows.Steps, """, "request_id": "abc" """);
        var events = await EventReader.AllAsync(response);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        Assert.Equal("no", response.Headers.GetValues("X-Accel-Buffering").Single());
        Assert.Equal("queued", events[0].Status);
        Assert.Equal(["request_id", "status", "message", "timestamp"], events[0].Data!.Select(p => p.Key));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$", (string?)events[0].Data!["timestamp"]);
        var steps = events.Where(e => e.Name == "progress").Select(e => e.Data!).ToList();
        Assert.Equal([25, 50, 75, 100], steps.Select(s => (double)s["percentage"]!));
        Assert.Equal([1, 2, 3, 4], steps.Select(s => (double)s["value"]!));
        Assert.All(steps, s => Assert.Equal(("3", 4, "progress"), ((string?)s["node_id"], (double)s["max"]!, (string?)s["status"])));
        Assert.Equal([12.5, 25, 37.5, 50], steps.Select(s => (double)s["overall_percentage"]!));
        var last = events[^1];
        Assert.Equal("final_result", last.Status);
        Assert.Equal("completed", (string?)last.Data!["result"]!["status"]);
        Assert.Single(last.Data["result"]!["output"]!.AsArray());
        Assert.NotEmpty(last.Data["result"]!["comfyui_response"]!.AsObject());
        var numbered = events.Where(e => e.Id is not null).ToList(); // a place in the queue is told without a number, where the engine is not connected yet
        Assert.Equal(Enumerable.Range(1, numbered.Count).Select(i => $"{i}"), numbered.Select(e => e.Id));
    }

    [Fact]
    public async Task Stream_StatusEvents_HaveTheOriginalsFieldsAndNoName()
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await StreamAsync(host, Workflows.Steps);
        var events = await EventReader.AllAsync(response);

        var known = events.Where(e => e.Name is null).ToList();
        Assert.Subset(new HashSet<string?>(["queued", "processing", "generating", "generated", "final_result"]), known.Select(e => e.Status).ToHashSet());
        var status = known.First(e => e.Status == "generating").Data!;
        foreach (var field in (string[])["request_id", "status", "message", "timestamp", "elapsed_time", "queue_info", "queue_position"])
        {
            Assert.True(status.ContainsKey(field), field);
        }

        Assert.Equal(["preprocess_queue_size", "generation_queue_size", "postprocess_queue_size"], status["queue_info"]!.AsObject().Select(p => p.Key));
        Assert.Equal(["current_queue", "position", "queue_size", "estimated_wait_time"], status["queue_position"]!.AsObject().Select(p => p.Key));
        Assert.Contains(known, e => (string?)e.Data!["message"] == "Progress: 25.0% (1/4)");
        Assert.Contains(known, e => (string?)e.Data!["message"] == "Processing node: 9" && (string?)e.Data["node_id"] == "9");
    }

    [Fact]
    public async Task Stream_LastEventId_GoesOnWhereItWasLost()
    {
        await using var host = await ApiHost.StartAsync();
        using (var first = await StreamAsync(host, Workflows.Steps, """, "request_id": "abc" """))
        {
            await EventReader.AllAsync(first);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "/generate/stream/abc") { Headers = { { "Last-Event-ID", "3" } } };
        using var resumed = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var again = new HttpRequestMessage(HttpMethod.Post, "/generate/stream") { Headers = { { "Last-Event-ID", "3" } }, Content = ApiHost.Body(Workflows.Steps, """, "request_id": "abc" """) };
        using var repeated = await host.Http.SendAsync(again, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        var rest = await EventReader.AllAsync(resumed);
        Assert.Equal("4", rest[0].Id);
        Assert.Equal("final_result", rest[^1].Status);
        Assert.Equal(rest.Select(e => e.Id), (await EventReader.AllAsync(repeated)).Select(e => e.Id));
        Assert.Single(host.Engine.Submitted);
    }

    [Fact]
    public async Task Stream_CallerGoesAway_JobGoesOnAndCanBeFollowed()
    {
        await using var host = await ApiHost.StartAsync();
        const string Slow = """{"1": {"class_type": "FakeSteps", "inputs": {"steps": 3, "ms": 30}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";

        using (var first = await StreamAsync(host, Slow, """, "request_id": "abc" """))
        {
            await foreach (var happened in EventReader.ReadAsync(first, TestContext.Current.CancellationToken))
            {
                if (happened.Name == "progress")
                {
                    break;
                }
            }
        }

        using var second = await host.Http.GetAsync("/generate/stream/abc", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var events = await EventReader.AllAsync(second);
        Assert.Equal("completed", (string?)events[^1].Data!["result"]!["status"]);
    }

    [Fact]
    public async Task Stream_SilentJob_SendsHeartbeats()
    {
        await using var host = await ApiHost.StartAsync(o => o.StreamHeartbeat = TimeSpan.FromMilliseconds(20));

        using var response = await StreamAsync(host, Workflows.Long);

        await foreach (var happened in EventReader.ReadAsync(response, TestContext.Current.CancellationToken))
        {
            if (happened.Comment is not null)
            {
                Assert.Equal(": heartbeat", happened.Comment);
                return;
            }
        }

        Assert.Fail("the stream ended without a heartbeat");
    }

    [Fact]
    public async Task Stream_Previews_ComeOnRequestOnly()
    {
        await using var host = await ApiHost.StartAsync();
        const string Graph = """{"1": {"class_type": "FakePreview", "inputs": {}}, "2": {"class_type": "FakeSleep", "inputs": {"ms": 50}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";
        host.Http.DefaultRequestHeaders.Add("X-Stream-Previews", "1");

        using var response = await StreamAsync(host, Graph);
        var preview = Assert.Single(await EventReader.AllAsync(response), e => e.Name == "preview");
        host.Http.DefaultRequestHeaders.Clear();
        using var plain = await StreamAsync(host, Graph);

        Assert.Equal(("1", "image/jpeg"), ((string?)preview.Data!["node_id"], (string?)preview.Data["mimetype"]));
        Assert.Equal([0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3], Convert.FromBase64String((string)preview.Data["data"]!));
        Assert.DoesNotContain(await EventReader.AllAsync(plain), e => e.Name == "preview");
    }

    [Fact]
    public async Task Stream_TooManyWaiting_Is503WithDetail()
    {
        await using var host = await ApiHost.StartAsync(o => o.MaxQueueSize = 1);
        await host.SubmitAsync(Workflows.Long);
        await host.SubmitAsync(Workflows.Long);

        using var response = await StreamAsync(host, Workflows.Image);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal("""{"detail":"Worker at capacity (1 in flight); retry shortly"}""", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Stream_WaitingJob_TellsItsPlace()
    {
        await using var host = await ApiHost.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await host.SubmitAsync(Workflows.Long, $""", "request_id": "long{i}" """);
        }

        using var response = await StreamAsync(host, Workflows.Image, """, "request_id": "last" """);

        var places = new List<int>();
        await foreach (var happened in EventReader.ReadAsync(response, TestContext.Current.CancellationToken))
        {
            if (happened.Data?["queue_position"] is { } place && (string?)place["current_queue"] == "generation")
            {
                places.Add((int)place["position"]!);
                if (places is [.., 2, 1])
                {
                    return;
                }

                if (places[^1] == 2)
                {
                    await host.PostAsync("/cancel/long2", "{}");
                }
            }
        }

        Assert.Fail($"places told: {string.Join(", ", places)}");
    }

    private static Task<HttpResponseMessage> StreamAsync(ApiHost host, string workflow, string more = "")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/generate/stream") { Content = ApiHost.Body(workflow, more) };
        return host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
