namespace ComfyServe.Worker.Benchmark;

/// <summary>What became of one generation of the benchmark.</summary>
internal enum GenerationVerdict
{
    /// <summary>Completed, with outputs, and not from a cache.</summary>
    Verified,

    /// <summary>The engine refused the workflow: a model or node that it names is not there.</summary>
    Refused,

    /// <summary>It failed, or it cannot count as work done.</summary>
    Failed,

    /// <summary>The API service could not be reached, or asks to come again.</summary>
    Unreachable,
}
