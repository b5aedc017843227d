namespace ComfyServe.Contracts.Api;

/// <summary>Why a job did not complete, as facts.</summary>
public sealed record JobError
{
    /// <summary>The kind of failure.</summary>
    public required JobErrorCode Code { get; init; }

    /// <summary>What, which, and what next, for people.</summary>
    public required string Message { get; init; }

    /// <summary>The node that failed, where one did.</summary>
    public string? NodeId { get; init; }

    /// <summary>Class of that node.</summary>
    public string? NodeType { get; init; }

    /// <summary>The engine's exception type, where it reported one.</summary>
    public string? ExceptionType { get; init; }

    /// <summary>Whether the same request may succeed later or elsewhere.</summary>
    public bool Retryable { get; init; }
}
