using System.Text.Json;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Jobs;

/// <summary>A validated request, ready to run.</summary>
internal sealed record JobRequest
{
    /// <summary>The caller's id, or one of ours.</summary>
    public required string Id { get; init; }

    /// <summary>Owner and id: what names the job.</summary>
    public JobKey Key => new(Owner, Id);

    /// <summary>Chosen once for this request: the ids of its runs and its random numbers follow from it, also after a restart.</summary>
    public Guid RunKey { get; init; } = Guid.NewGuid();

    /// <summary>The workflow's JSON, as received.</summary>
    public required ReadOnlyMemory<byte> Workflow { get; init; }

    /// <summary>Whether the workflow is in the editor's format, before it is converted.</summary>
    public bool IsEditorFormat { get; init; }

    /// <summary>What was drawn when the workflow was converted: the place of each alternative in its prompts.</summary>
    public IReadOnlyList<DrawnNumber> Choices { get; init; } = [];

    /// <summary>What the caller is told although the request is accepted: what was left out, chosen or taken for something else.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Pictures that came beside the workflow (<c>[{name, image}]</c>), before they are put in their places.</summary>
    public JsonElement Images { get; init; }

    /// <summary>Name of the template that the request names, before it is filled in.</summary>
    public string? Template { get; init; }

    /// <summary>Values for the template's parameters, before it is filled in.</summary>
    public JsonElement Modifications { get; init; }

    /// <summary>Why the request cannot be run although it is accepted; null mostly.</summary>
    public JobError? Defect { get; init; }

    /// <summary>Hash of the request's body: tells a repetition from another request under the same id or key.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Whose request it is: the API key's name, or null where keys are not asked for.</summary>
    public string? Owner { get; init; }

    /// <summary>Whether the bytes of the outputs are wanted in the result.</summary>
    public bool ReturnBase64 { get; init; }

    /// <summary>Object store of this request, if it names any part of one.</summary>
    public S3Target? S3 { get; init; }

    /// <summary>Webhook of this request, if it has one.</summary>
    public WebhookTarget? Webhook { get; init; }

    /// <summary>How long its stages may take, where it says so.</summary>
    public JobBudgets? Budgets { get; init; }

    /// <summary>How long URLs of its outputs are good for; null takes the service's setting.</summary>
    public TimeSpan? UrlLifetime { get; init; }

    /// <summary>Scheme, host and port under which the caller reaches this service; URLs of outputs begin with it.</summary>
    public required string PublicUrl { get; init; }
}
