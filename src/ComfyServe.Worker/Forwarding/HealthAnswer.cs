namespace ComfyServe.Worker.Forwarding;

/// <summary>What the API service says of its health.</summary>
internal sealed record HealthAnswer
{
    /// <summary>Its answer when it is healthy.</summary>
    public byte[]? Body { get; init; }

    /// <summary>Why it is not.</summary>
    public string? Fault { get; init; }

    /// <summary>It did not answer in time, which one very busy moment can cause.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Whether it is healthy.</summary>
    public bool IsHealthy => Body is not null;
}
