namespace ComfyServe.Jobs;

/// <summary>A job to accept.</summary>
public sealed record NewJob
{
    /// <summary>Id, unique for its owner.</summary>
    public required string Id { get; init; }

    /// <summary>Queue that it waits in: an endpoint's name at the gateway, the service's own at an API service.</summary>
    public required string Queue { get; init; }

    /// <summary>What to do; opaque to the ledger and sealed at rest.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Load units. Default 100.</summary>
    public double Cost { get; init; } = 100;

    /// <summary>Jobs of higher priority are leased first; equal ones in order of acceptance.</summary>
    public int Priority { get; init; }

    /// <summary>Runs that may begin before the job fails instead of waiting again. Default 3.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Whom it belongs to; null where keys are not asked for. Never empty.</summary>
    public string? Owner { get; init; }

    /// <summary>Owner and id.</summary>
    public JobKey Key => new(Owner, Id);

    /// <summary>Key under which the same request is accepted once; null for none. Unique for the owner within the queue.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Hash of the request: tells a repetition from another request under the same key or id.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Whether a finished job of the same owner and id makes room for this one.</summary>
    public bool ReplacesFinished { get; init; }

    /// <summary>Who works on it from the start; null leaves it waiting.</summary>
    public string? Holder { get; init; }

    /// <summary>How long the first lease lasts, with <see cref="Holder"/>.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromMinutes(1);
}
