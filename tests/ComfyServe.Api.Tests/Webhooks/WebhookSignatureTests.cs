using System.Text;
using System.Text.Json;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Webhooks;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs.Deliveries;

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
        Assert.Equal("sha256=0a6d607207e3f8c5cf5bea59b4ffc2597a36f916c30beb5cbb5a98bad87e8f3d", DeliverySignature.Original("shared-secret", body));
    }

    [Fact]
    public void Body_WithExtraParams_IsByteForByteTheOriginals()
    {
        var body = WebhookComposer.Body("rid-001", Request("""{"user_id": "12345", "note": "é"}"""), Last);

        Assert.EndsWith(""", "extra": {"user_id": "12345", "note": "\u00e9"}}""", Encoding.ASCII.GetString(body), StringComparison.Ordinal);
        Assert.Equal("sha256=fb7e3ace7be1ee165835251ab3fbffd29657dcae6d135d3b587b27319c53f0ee", DeliverySignature.Original("shared-secret", body));
    }

    [Fact]
    public void Standard_PublishedExample_IsReproduced()
    {
        // The example of the Standard Webhooks specification's reference libraries.
        var signature = DeliverySignature.Standard(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""u8);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }

    [Fact]
    public void Standard_TwoSecrets_SignsWithBoth()
    {
        var signature = DeliverySignature.Standard(["new", "old"], "msg_1", 1, "x"u8);

        Assert.Equal(2, signature.Split(' ').Length);
        Assert.Equal(DeliverySignature.Standard(["old"], "msg_1", 1, "x"u8), signature.Split(' ')[1]);
    }

    private static JobRequest Request(string? extra) => new()
    {
        Id = "rid-001",
        Workflow = default,
        PublicUrl = "",
        Webhook = new WebhookTarget { ExtraParams = extra is null ? null : JsonElement.Parse(extra) },
    };
}
