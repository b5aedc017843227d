namespace ComfyServe.Worker.Benchmark;

/// <summary>A stored result of the benchmark.</summary>
internal sealed record BenchmarkRecord
{
    /// <summary>Load units per second.</summary>
    public required double Perf { get; init; }

    /// <summary>The machine that was measured, or null when the file was not written by us.</summary>
    public string? Machine { get; init; }

    /// <summary>The workflow that was measured with, or null when the file was not written by us.</summary>
    public string? Workflow { get; init; }
}
