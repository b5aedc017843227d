using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Jobs;

/// <summary>What is known about a job at one moment.</summary>
internal sealed record JobSnapshot
{
    /// <summary>One of <see cref="JobStatus"/>.</summary>
    public string Status { get; init; } = JobStatus.Pending;

    /// <summary>For people.</summary>
    public string Message { get; init; } = "Request accepted";

    /// <summary>The engine's record and the execution details.</summary>
    public JsonElement Response { get; init; } = GenerateResult.EmptyObject;

    /// <summary>Files.</summary>
    public IReadOnlyList<OutputFile> Output { get; init; } = [];

    /// <summary>Texts.</summary>
    public IReadOnlyList<OutputText>? Texts { get; init; }

    /// <summary>Numbers drawn.</summary>
    public IReadOnlyList<DrawnNumber>? Numbers { get; init; }

    /// <summary>What the caller is told although the job runs.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>Stage durations.</summary>
    public JobTimings Timings { get; init; } = new();

    /// <summary>Why it did not complete.</summary>
    public JobError? Error { get; init; }

    /// <summary>The caller's mistakes that it failed of.</summary>
    public IReadOnlyList<FieldProblem>? Problems { get; init; }

    /// <summary>Share of the workflow that is done, 0 … 1.</summary>
    public double Fraction { get; init; }

    /// <summary>The node that runs and its newest step; null before the first node.</summary>
    public RunStep? Step { get; init; }

    /// <summary>Whether the job is over.</summary>
    public bool IsTerminal => JobStatus.IsTerminal(Status);

    /// <summary>What an answer to a caller told.</summary>
    public static JobSnapshot Of(GenerateResult result) => new()
    {
        Status = result.Status,
        Message = result.Message,
        Response = result.ComfyuiResponse,
        Output = result.Output,
        Texts = result.Texts,
        Numbers = result.RandomNumbers,
        Warnings = result.Warnings,
        Timings = result.Timings,
        Error = result.Error,
        Problems = result.Detail,
    };

    /// <summary>The answer to the caller.</summary>
    /// <param name="id">The job's id.</param>
    /// <param name="withResponse">Whether <c>comfyui_response</c> is wanted.</param>
    public GenerateResult ToResult(string id, bool withResponse) => new()
    {
        Id = id,
        Message = Message,
        Status = Status,
        ComfyuiResponse = withResponse ? Response : GenerateResult.EmptyObject,
        Output = Output,
        Timings = Timings,
        Texts = Texts,
        RandomNumbers = Numbers,
        Warnings = Warnings,
        Error = Error,
        Detail = Problems,
    };
}
