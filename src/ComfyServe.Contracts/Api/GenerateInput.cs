using System.Text.Json;

namespace ComfyServe.Contracts.Api;

/// <summary>One request to the API service. Blank fields count as absent; unknown fields are ignored.</summary>
public sealed record GenerateInput
{
    /// <summary>Caller-chosen id, <c>[A-Za-z0-9][A-Za-z0-9._-]{0,127}</c>; blank means that the service chooses a UUID.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>The workflow in API format: node id → <c>{class_type, inputs}</c>. Exclusive with <see cref="Modifier"/>.</summary>
    public JsonElement? WorkflowJson { get; init; }

    /// <summary>Name of a workflow template to fill in. Exclusive with <see cref="WorkflowJson"/>.</summary>
    public string Modifier { get; init; } = "";

    /// <summary>Values for the parameters of the template; only together with <see cref="Modifier"/>.</summary>
    public JsonElement? Modifications { get; init; }

    /// <summary>Object store of this request, merged field by field with the service's own.</summary>
    public S3Target? S3 { get; init; }

    /// <summary>Whom to call when the job ended.</summary>
    public WebhookTarget? Webhook { get; init; }

    /// <summary>Also return the bytes of each output as base64.</summary>
    public bool ReturnOutputsAsBase64 { get; init; }

    /// <summary>Seconds that the signed URLs of the outputs are good for; absent means the service's own.</summary>
    public int? OutputUrlLifetime { get; init; }

    /// <summary>How long each stage may take.</summary>
    public JobBudgets? Budgets { get; init; }
}
