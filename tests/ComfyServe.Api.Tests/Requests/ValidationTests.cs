using System.Text.Json.Nodes;

namespace ComfyServe.Api.Tests.Requests;

public sealed class ValidationTests
{
    [Theory]
    [InlineData("{}", "missing", "body.input", "Field required")]
    [InlineData("""{"input": {}}""", "value_error", "body.input", "Value error, Must provide either workflow_json OR modifier")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "modifier": "Text2Image"}}""", "value_error", "body.input", "Value error, Cannot provide both workflow_json and modifier - they are mutually exclusive")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "modifications": {"a": 1}}}""", "value_error", "body.input", "Value error, modifications can only be provided when modifier is specified")]
    [InlineData("""{"input": {"modifications": {"a": 1}}}""", "value_error", "body.input", "Value error, modifications can only be provided when modifier is specified")]
    [InlineData("""{"input": {"workflow_json": [1]}}""", "dict_type", "body.input.workflow_json", "Input should be a valid dictionary")]
    [InlineData("""{"input": {"workflow_json": "{}"}}""", "dict_type", "body.input.workflow_json", "Input should be a valid dictionary")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "request_id": 5}}""", "string_type", "body.input.request_id", "Input should be a valid string")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "request_id": null}}""", "string_type", "body.input.request_id", "Input should be a valid string")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "webhook": {"timeout": "abc"}}}""", "int_parsing", "body.input.webhook.timeout", "Input should be a valid integer")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "return_outputs_as_base64": "maybe"}}""", "bool_parsing", "body.input.return_outputs_as_base64", "Input should be a valid boolean, unable to interpret input")]
    [InlineData("""{"input": {"workflow_json": {"1": {"class_type": "A"}}, "request_id": "../../../evil"}}""", "string_pattern_mismatch", "body.input.request_id", "String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' and not contain '..'")]
    [InlineData("""{"input": {"workflow_json": {"1": {"inputs": {}}}}}""", "missing", "body.input.workflow_json.1.class_type", "Field required")]
    [InlineData("""{"input":""", "json_invalid", "body.9", "JSON decode error")]
    [InlineData("[]", "model_attributes_type", "body", "Input should be a valid dictionary or object to extract fields from")]
    public async Task Post_BadBody_IsRefusedInFastapisShape(string body, string type, string location, string message)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate/sync", body);

        Assert.Equal(422, status);
        var problem = Assert.Single(answer["detail"]!.AsArray())!;
        Assert.Equal(type, (string?)problem["type"]);
        Assert.Equal(location, string.Join('.', problem["loc"]!.AsArray().Select(l => l!.ToString())));
        Assert.Equal(message, (string?)problem["msg"]);
    }

    [Fact]
    public async Task Post_TextBody_IsNotTakenForJson()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/generate", """{"input": {}}""", "text/plain");

        Assert.Equal(422, status);
        Assert.Equal("model_attributes_type", (string?)answer["detail"]![0]!["type"]);
    }

    [Fact]
    public async Task Post_SeveralMistakes_ReportsAllAndEchoesNoSecret()
    {
        await using var host = await ApiHost.StartAsync();
        const string Body = """
            {"input": {"request_id": 5, "workflow_json": [1], "return_outputs_as_base64": "hunter2",
             "s3": {"secret_access_key": 7, "access_key_id": "hunter2", "connect_timeout": "hunter2"}, "webhook": {"secret": ["hunter2"], "timeout": 0}}}
            """;

        var (status, answer) = await host.PostAsync("/generate", Body);

        Assert.Equal(422, status);
        var locations = answer["detail"]!.AsArray().Select(p => string.Join('.', p!["loc"]!.AsArray().Select(l => l!.ToString()))).ToList();
        Assert.Equal(
            [
                "body.input.request_id", "body.input.return_outputs_as_base64", "body.input.s3.connect_timeout", "body.input.s3.secret_access_key",
                "body.input.webhook.secret", "body.input.webhook.timeout", "body.input.workflow_json",
            ],
            locations.Order());
        Assert.DoesNotContain("hunter2", answer.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_EditorFormatAndNoEngine_IsRefusedWithAdvice()
    {
        await using var host = await ApiHost.StartAsync(static o => o.Engines = ["http://127.0.0.1:1"]);

        var (status, answer) = await host.PostAsync("/generate", """{"input": {"workflow_json": {"last_node_id": 9, "nodes": [], "links": [], "version": 0.4}}}""");

        Assert.Equal(422, status);
        Assert.Contains("Export (API)", (string?)answer["detail"]![0]!["msg"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_SeedPagesBlankFields_MeansDefaults()
    {
        await using var host = await ApiHost.StartAsync();
        const string Blanks = """
            , "request_id": "", "s3": {"access_key_id": "", "secret_access_key": "", "endpoint_url": "", "bucket_name": "", "region": ""},
            "webhook": {"url": "", "extra_params": {"user_id": "12345", "project_id": "abc-def"}}, "something_else": {"x": 1}
            """;

        var (status, answer) = await host.RunAsync(Workflows.Image, Blanks);

        Assert.Equal(200, status);
        Assert.True(Guid.TryParse((string?)answer["id"], out _));
        Assert.Equal("completed", (string?)answer["status"]);
    }

    [Theory]
    [InlineData("GET", "/generate", 405, "Method Not Allowed")]
    [InlineData("POST", "/generate/", 404, "Not Found")]
    [InlineData("GET", "/nothing", 404, "Not Found")]
    public async Task Request_WrongVerbOrPath_AnswersLikeTheOriginal(string method, string path, int expected, string detail)
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await host.Http.SendAsync(new(new HttpMethod(method), path), TestContext.Current.CancellationToken);

        Assert.Equal(expected, (int)response.StatusCode);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(detail, (string?)body!["detail"]);
    }
}
