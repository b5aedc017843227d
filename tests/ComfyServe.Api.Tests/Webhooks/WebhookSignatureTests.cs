using System.Text;
using System.Text.Json;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Webhooks;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Tests.Webhooks;

public sealed class WebhookSignatureTests
{
    private static readonly JobSnapshot Last = new()
    {
        Status = "completed",
        Message = "Processing complete.",
        Timings = new() { PreprocessMs = 1, GenerationMs = 100, PostprocessMs = 5 },
    };

    [Fact]
    public void Body_OfTheSpec_IsByteForByteTheOriginals()
    {
        var body = WebhookComposer.Body("rid-001", Request(null), Last);

        Assert.Equal(
            """{"id": "rid-001", "status": "completed", "message": "Processing complete.", "output": [], "timings": {"preprocess_ms": 1, "generation_ms": 100, "postprocess_ms": 5}}""",
            Encoding.ASCII.GetString(body));
        Assert.Equal("sha256=0a6d607207e3f8c5cf5bea59b4ffc2597a36f916c30beb5cbb5a98bad87e8f3d", WebhookSignature.Original("shared-secret", body));
    }

    [Fact]
    public void Body_WithExtraParams_IsByteForByteTheOriginals()
    {
        var body = WebhookComposer.Body("rid-001", Request("""{"user_id": "12345", "note": "é"}"""), Last);

        Assert.EndsWith(""", "extra": {"user_id": "12345", "note": "\u00e9"}}""", Encoding.ASCII.GetString(body), StringComparison.Ordinal);
        Assert.Equal("sha256=fb7e3ace7be1ee165835251ab3fbffd29657dcae6d135d3b587b27319c53f0ee", WebhookSignature.Original("shared-secret", body));
    }

    [Fact]
    public void Standard_PublishedExample_IsReproduced()
    {
        // The example of the Standard Webhooks specification's reference libraries.
        var signature = WebhookSignature.Standard(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""u8);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }

    [Fact]
    public void Standard_TwoSecrets_SignsWithBoth()
    {
        var signature = WebhookSignature.Standard(["new", "old"], "msg_1", 1, "x"u8);

        Assert.Equal(2, signature.Split(' ').Length);
        Assert.Equal(WebhookSignature.Standard(["old"], "msg_1", 1, "x"u8), signature.Split(' ')[1]);
    }

    [Fact]
    public void Next_FailingReceiver_IsTriedForADayWithGrowingPauses()
    {
        var options = new WebhookOptions();
        var created = new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
        var now = created;
        var pauses = new List<double>();
        for (var attempt = 1; RetrySchedule.Next(attempt, created, now, options, 0.5) is { } next; attempt++)
        {
            pauses.Add((next - now).TotalSeconds);
            now = next;
        }

        Assert.Equal([5, 15, 45, 135, 405, 1215, 3600, 3600], pauses.Take(8));
        Assert.InRange((now - created).TotalHours, 22, 24);
    }

    private static JobRequest Request(string? extra) => new()
    {
        Id = "rid-001",
        Workflow = default,
        PublicUrl = "",
        Webhook = new WebhookTarget { ExtraParams = extra is null ? null : JsonElement.Parse(extra) },
    };
}
