namespace ComfyServe.Jobs.Deliveries;

/// <summary>A webhook delivery as the ledger has it.</summary>
public sealed record Delivery
{
    /// <summary>Id.</summary>
    public required string Id { get; init; }

    /// <summary>The job that it tells about.</summary>
    public required JobKey Job { get; init; }

    /// <summary>Id of that job.</summary>
    public string JobId => Job.Id;

    /// <summary>State.</summary>
    public required DeliveryState State { get; init; }

    /// <summary>Tries so far.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it is tried next.</summary>
    public required DateTimeOffset Next { get; init; }

    /// <summary>Status of the last answer, if there was one.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last try failed.</summary>
    public string? LastError { get; init; }

    /// <summary>Where to and with which secrets; empty in lists.</summary>
    public ReadOnlyMemory<byte> Target { get; init; }

    /// <summary>The body; empty in lists.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }
}
