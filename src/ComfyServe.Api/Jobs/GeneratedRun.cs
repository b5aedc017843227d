using ComfyServe.Api.Engines;

namespace ComfyServe.Api.Jobs;

/// <summary>A run that ended well, and the engine that has its files.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Outcome">The run.</param>
internal sealed record GeneratedRun(Engine Engine, RunOutcome Outcome);
