namespace ComfyServe.Client;

/// <summary>Settings of one request.</summary>
public sealed class RequestOptions
{
    /// <summary>The request's work in load units. Default 100.</summary>
    public double Cost { get; set; } = 100;

    /// <summary>Whether transient failures go to another worker. Default true. A workflow that ran and failed is never run again.</summary>
    public bool Retry { get; set; } = true;

    /// <summary>Limit for the whole request, waiting for a worker included. Default none.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Told of each change: waiting (with the place in the queue), running, retrying.</summary>
    public IProgress<RequestProgress>? Progress { get; set; }
}
