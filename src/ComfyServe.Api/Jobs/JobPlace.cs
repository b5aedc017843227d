namespace ComfyServe.Api.Jobs;

/// <summary>Where a job stands, and how long the queues are.</summary>
internal sealed record JobPlace
{
    /// <summary>Jobs that wait for their inputs to be fetched.</summary>
    public int Preprocess { get; init; }

    /// <summary>Jobs that wait for an engine.</summary>
    public int Generation { get; init; }

    /// <summary>Jobs that wait for their outputs to be stored.</summary>
    public int Postprocess { get; init; }

    /// <summary>The queue that the job waits in: preprocessing, generation, postprocessing; <c>processing</c> when it does not wait.</summary>
    public string Queue { get; init; } = "processing";

    /// <summary>Place in that queue, from 1; 0 when it does not wait.</summary>
    public int Position { get; init; }

    /// <summary>Length of that queue.</summary>
    public int Size { get; init; }

    /// <summary>Seconds until its turn, from the measured pace.</summary>
    public int WaitSeconds { get; init; }
}
