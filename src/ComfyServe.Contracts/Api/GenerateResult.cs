using System.Text.Json;

namespace ComfyServe.Contracts.Api;

/// <summary>The answer of <c>/generate</c>, <c>/generate/sync</c> and <c>/result/{id}</c>. Fields after <see cref="Timings"/> appear only where there is something to say.</summary>
public sealed record GenerateResult
{
    /// <summary>The empty JSON object.</summary>
    public static JsonElement EmptyObject { get; } = JsonElement.Parse("{}");

    /// <summary>The request's id.</summary>
    public required string Id { get; init; }

    /// <summary>What happened, for people.</summary>
    public required string Message { get; init; }

    /// <summary>One of <see cref="JobStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Prompt id → the engine's history entry, and <c>execution_details</c>; empty when left out.</summary>
    public JsonElement ComfyuiResponse { get; init; } = EmptyObject;

    /// <summary>The files that the workflow's nodes produced.</summary>
    public IReadOnlyList<OutputFile> Output { get; init; } = [];

    /// <summary>Stage durations reached so far.</summary>
    public JobTimings Timings { get; init; } = new();

    /// <summary>The texts that the workflow's nodes produced.</summary>
    public IReadOnlyList<OutputText>? Texts { get; init; }

    /// <summary>The numbers drawn for <c>__RANDOM_INT__</c>, to replay the run.</summary>
    public IReadOnlyList<DrawnNumber>? RandomNumbers { get; init; }

    /// <summary>What was left out, chosen or taken for something else, although the job ran: each in one sentence for people.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>Why the job failed or was cancelled.</summary>
    public JobError? Error { get; init; }

    /// <summary>The fields of the request that made the job fail, where it was the caller's mistake.</summary>
    public IReadOnlyList<FieldProblem>? Detail { get; init; }
}
