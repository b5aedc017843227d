namespace ComfyServe.Worker.Benchmark;

/// <summary>The benchmark did not succeed; the message is for the gateway's operator.</summary>
internal sealed class BenchmarkFailedException(string message) : Exception(message);
