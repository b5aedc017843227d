using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>The gateway's answer to a report. The original's workers ignore it; ours obey it.</summary>
public sealed record WorkerStatusAnswer
{
    /// <summary>Always true: a refused report is a 4xx.</summary>
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;

    /// <summary>True: tickets of this gateway carry a <see cref="TicketGrant"/>, so a ticket without one is to be refused.</summary>
    [JsonPropertyName("grants")]
    public bool Grants { get; init; } = true;

    /// <summary>What the worker should do: nothing, <c>drain</c>, <c>resume</c>, <c>stop</c> (end the process), see <see cref="WorkerCommands"/>.</summary>
    [JsonPropertyName("command")]
    public string? Command { get; init; }

    /// <summary>The gateway's clock, Unix milliseconds, so that a worker with a wrong clock can still tell when a grant ends.</summary>
    [JsonPropertyName("now")]
    public long Now { get; init; }
}
