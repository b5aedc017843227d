namespace ComfyServe.Worker;

/// <summary>Where a worker's error comes from; each source has at most one at a time.</summary>
internal enum FaultSource
{
    /// <summary>The machine could not be prepared (provisioning, custom worker). Stays.</summary>
    Preparation,

    /// <summary>The benchmark did not succeed. Stays.</summary>
    Benchmark,

    /// <summary>The API service's log says that it cannot recover. Goes when it was unhealthy and is healthy again.</summary>
    Log,

    /// <summary>The gateway's public key cannot be had. Goes when it can.</summary>
    PublicKey,

    /// <summary>The API service is not healthy. Goes when it is.</summary>
    Health,
}
