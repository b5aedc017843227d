using System.Text.Json.Nodes;
using ComfyServe.Testing.Engines;

namespace ComfyServe.Api.Tests.Requests;

public sealed class GenerateTests
{
    [Fact]
    public async Task Sync_Image_AnswersWithTheSeedPagesFields()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.RunAsync(Workflows.Steps, """, "request_id": "abc" """);

        Assert.Equal(200, status);
        Assert.Equal(["id", "message", "status", "comfyui_response", "output", "timings"], answer.Select(p => p.Key).Take(6));
        Assert.Equal("abc", (string?)answer["id"]);
        Assert.Equal("Processing complete.", (string?)answer["message"]);
        Assert.Equal("completed", (string?)answer["status"]);
        var prompt = Assert.Single(host.Engine.Submitted);
        var response = answer["comfyui_response"]!.AsObject();
        Assert.Equal([prompt.Id, "execution_details"], response.Select(p => p.Key));
        Assert.Equal(["prompt", "outputs", "status", "meta"], response[prompt.Id]!.AsObject().Select(p => p.Key));
        var details = response["execution_details"]!;
        Assert.Equal(["3", "9"], details["nodes_executed"]!.AsArray().Select(n => (string?)n));
        Assert.Equal([25, 50, 75, 100], details["progress_updates"]!.AsArray().Select(p => (double)p!["percentage"]!));
        var number = Assert.Single(answer["random_numbers"]!.AsArray())!;
        Assert.Equal("3.inputs.seed", (string?)number["path"]);
        Assert.Equal((long)number["value"]!, (long)prompt.Graph["3"]!["inputs"]!["seed"]!);
    }

    [Fact]
    public async Task Sync_Image_OutputCanBeFetchedByItsUrlAlone()
    {
        await using var host = await ApiHost.StartAsync();

        var (_, answer) = await host.RunAsync(Workflows.Image, """, "request_id": "abc" """);

        var output = Assert.Single(answer["output"]!.AsArray())!;
        Assert.Equal(["filename", "local_path", "type", "subfolder", "node_id", "output_type", "url"], output.AsObject().Select(p => p.Key).Take(7));
        Assert.Equal("9", (string?)output["node_id"]);
        Assert.Equal("Save Image", (string?)output["node_title"]);
        var expected = FakeImage.Png(host.Engine.Submitted.Single().Id);
        using var plain = new HttpClient();
        using var fetched = await plain.GetAsync((string?)output["url"], TestContext.Current.CancellationToken);
        Assert.Equal("image/png", fetched.Content.Headers.ContentType!.MediaType);
        Assert.Equal(expected, await fetched.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(expected, await File.ReadAllBytesAsync((string)output["local_path"]!, TestContext.Current.CancellationToken));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(expected)), (string?)output["sha256"]);
    }

    [Fact]
    public async Task Async_Accepted_ThenResultTellsTheOutcome()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, accepted) = await host.SubmitAsync(Workflows.Image, """, "request_id": "abc" """);
        var finished = await FinishedAsync(host, "abc");

        Assert.Equal(202, status);
        Assert.Equal("""{"id":"abc","message":"Request accepted","status":"pending","comfyui_response":{},"output":[],"timings":{"queued_at_ms":0}}""", Blank(accepted).ToJsonString());
        Assert.Equal("completed", (string?)finished["status"]);
        Assert.Single(finished["output"]!.AsArray());
    }

    [Fact]
    public async Task Sync_NumbersBeyondDouble_ReachTheEngineUnchanged()
    {
        await using var host = await ApiHost.StartAsync();
        const string Graph = """{"9": {"inputs": {"seed": 18446744073709551615, "b": 9223372036854775807, "cfg": 8.000000000000002, "denoise": 0.8700000000000001, "text": "zwölf \u00e9", "one": 1.0}, "class_type": "SaveImage"}}""";

        await host.RunAsync(Graph);

        Assert.Equal(Graph, host.Engine.Submitted.Single().GraphText);
    }

    [Theory]
    [InlineData(true, null, true)]
    [InlineData(true, "0", false)]
    [InlineData(false, null, false)]
    [InlineData(false, "1", true)]
    [InlineData(false, "true", true)]
    [InlineData(false, "YES", true)]
    [InlineData(false, " on ", true)]
    public async Task Sync_IncludeHeader_DecidesOverTheSetting(bool setting, string? header, bool included)
    {
        await using var host = await ApiHost.StartAsync(o => o.IncludeComfyResponse = setting);
        if (header is not null)
        {
            host.Http.DefaultRequestHeaders.TryAddWithoutValidation("X-Include-ComfyUI-Response", header);
        }

        var (_, answer) = await host.RunAsync(Workflows.Image);

        Assert.Equal(included, answer["comfyui_response"]!.AsObject().Count > 0);
    }

    [Fact]
    public async Task Sync_Base64_ReturnsTheBytesWithinTheLimit()
    {
        await using var host = await ApiHost.StartAsync(o => o.OutputBase64MaxBytes = 1024);
        const string Graph = """{"1": {"class_type": "SaveImage", "inputs": {"size": 264}}, "2": {"class_type": "SaveImage", "inputs": {"size": 4096}}}""";

        var (_, answer) = await host.RunAsync(Graph, """, "return_outputs_as_base64": true""");

        var output = answer["output"]!.AsArray();
        Assert.Equal(FakeImage.Png(host.Engine.Submitted.Single().Id, 264), Convert.FromBase64String((string)output[0]!["data"]!));
        Assert.Equal("image/png", (string?)output[0]!["mimetype"]);
        Assert.Contains("exceeds", (string?)output[1]!["error"], StringComparison.Ordinal);
        Assert.NotNull(output[1]!["url"]);
    }

    [Fact]
    public async Task Generate_TooManyWaiting_IsRefusedWith503()
    {
        await using var host = await ApiHost.StartAsync(o => o.MaxQueueSize = 1);
        await host.SubmitAsync(Workflows.Long);
        await host.SubmitAsync(Workflows.Long);

        using var response = await host.Http.PostAsync("/generate", ApiHost.Body(Workflows.Image, """, "request_id": "third" """), TestContext.Current.CancellationToken);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("Worker at capacity (1 in flight); retry shortly", (string?)body["message"]);
        Assert.Equal("failed", (string?)body["status"]);
        Assert.Equal(404, (await host.GetAsync("/result/third")).Status);
    }

    [Fact]
    public async Task Result_UnknownId_Is404WithTheOriginalsBody()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.GetAsync("/result/nope");

        Assert.Equal(404, status);
        Assert.Equal("""{"id":"nope","message":"Request ID not found","status":"failed","comfyui_response":{},"output":[],"timings":{}}""", answer.ToJsonString());
    }

    [Fact]
    public async Task Health_EngineReachable_IsHealthy()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RunAsync(Workflows.Image);

        var (status, answer) = await host.GetAsync("/health");

        Assert.Equal(200, status);
        Assert.Equal("1/1", (string?)answer["backends_healthy"]);
    }

    [Fact]
    public async Task Docs_AreServedWithoutTheNetwork()
    {
        await using var host = await ApiHost.StartAsync();

        var page = await host.Http.GetStringAsync("/docs", TestContext.Current.CancellationToken);
        var (status, openApi) = await host.GetAsync("/openapi.json");

        Assert.DoesNotContain("https://", page.Replace("https://scalar.com", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(200, status);
        Assert.Superset(
            new HashSet<string>(["/generate", "/generate/sync", "/result/{request_id}", "/cancel/{request_id}", "/queue-info", "/health"]),
            openApi["paths"]!.AsObject().Select(p => p.Key).ToHashSet());
    }

    internal static async Task<JsonObject> FinishedAsync(ApiHost host, string id)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var (_, answer) = await host.GetAsync($"/result/{id}");
            if ((string?)answer["status"] is "completed" or "failed" or "cancelled")
            {
                return answer;
            }

            await Task.Delay(10, patience.Token);
        }
    }

    private static JsonObject Blank(JsonObject answer)
    {
        answer["timings"]!["queued_at_ms"] = 0;
        return answer;
    }
}
