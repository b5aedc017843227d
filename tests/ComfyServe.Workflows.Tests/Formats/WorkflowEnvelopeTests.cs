using System.Text.Json;
using ComfyServe.Workflows.Formats;
using CsCheck;

namespace ComfyServe.Workflows.Tests.Formats;

public sealed class WorkflowEnvelopeTests
{
    private const string Api = """{"1": {"class_type": "A", "inputs": {}}}""";
    private const string Editor = """{"nodes": [], "links": []}""";

    private static readonly Gen<Func<string, string>> Wraps = Gen.OneOf<Func<string, string>>(
        static w => w,
        static w => $$"""{"input": {"workflow_json": {{w}} } }""",
        static w => $$"""{"input": {"workflow": {{w}}, "images": [] } }""",
        static w => $$"""{"prompt": {{w}}, "client_id": "x"}""",
        static w => $$"""{"workflow_api": {{w}}, "name": "x"}""",
        static w => $$"""{"output": {{w}}, "workflow": {"nodes": [] } }""",
        static w => $$"""{"prompt": [1, "id", {{w}}, {}, ["9"]]}""",
        static w => JsonSerializer.Serialize(w),
        static w => JsonSerializer.Serialize("\ufeff " + w));

    [Fact]
    public void Open_AnyEnvelopesInEachOther_FindsTheWorkflow() =>
        Gen.Select(Wraps, Wraps).Sample(static (outer, inner) =>
        {
            using var document = JsonDocument.Parse(outer(inner(Api)));

            var envelope = WorkflowEnvelope.Open(document.RootElement);

            Assert.Equal((WorkflowFormat.Api, "A"), (envelope!.Format, envelope.Workflow.GetProperty("1").GetProperty("class_type").GetString()));
        }, iter: 500);

    [Theory]
    [InlineData(Api, "")]
    [InlineData("""{"input": {"workflow": {"1": {"class_type": "A"}}}}""", "input.workflow")]
    [InlineData("""{"client_id": "a", "prompt": {"1": {"class_type": "A"}}}""", "prompt")]
    [InlineData("""{"workflow": {"nodes": []}, "prompt": {"1": {"class_type": "A"}}}""", "prompt")]
    public void Open_Envelope_SaysWhere(string text, string path)
    {
        using var document = JsonDocument.Parse(text);

        Assert.Equal(path, WorkflowEnvelope.Open(document.RootElement)!.Path);
    }

    [Fact]
    public void Open_BothForms_GivesThePreferredOne()
    {
        using var document = JsonDocument.Parse($$"""{"prompt": {{Api}}, "workflow": {{Editor}} }""");

        Assert.Equal(WorkflowFormat.Editor, WorkflowEnvelope.Open(document.RootElement, WorkflowFormat.Editor)!.Format);
        Assert.Equal(WorkflowFormat.Api, WorkflowEnvelope.Open(document.RootElement)!.Format);
    }

    [Theory]
    [InlineData("{}", "It is an empty object")]
    [InlineData("[1]", "It is a list")]
    [InlineData("7", "It is no object")]
    [InlineData("\"a red circle\"", "It is a text that is no JSON of a workflow")]
    [InlineData("""{"prompt": "a red circle", "steps": 4}""", "It has 'prompt', 'steps' and no workflow")]
    [InlineData("""{"prompt": "{\"1\": "}""", "It has 'prompt' and no workflow")]
    public void Open_NoWorkflow_IsExplainedInOneSentence(string text, string start)
    {
        using var document = JsonDocument.Parse(text);

        Assert.Null(WorkflowEnvelope.Open(document.RootElement));
        Assert.StartsWith(start, WorkflowEnvelope.Explain(document.RootElement), StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_LongNames_AreCut()
    {
        using var document = JsonDocument.Parse($$"""{"{{new string('x', 10_000)}}": 1}""");

        Assert.InRange(WorkflowEnvelope.Explain(document.RootElement).Length, 1, 400);
    }
}
