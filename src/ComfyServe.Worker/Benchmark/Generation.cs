namespace ComfyServe.Worker.Benchmark;

/// <summary>One generation of the benchmark.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Detail">Why, where it is not verified.</param>
internal readonly record struct Generation(GenerationVerdict Verdict, string Detail);
