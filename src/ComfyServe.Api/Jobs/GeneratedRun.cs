using ComfyServe.Api.Engines;

namespace ComfyServe.Api.Jobs;

/// <summary>A run that ended, well or with an error for good, and the engine that has the files that it made.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Outcome">The run.</param>
internal sealed record GeneratedRun(Engine Engine, RunOutcome Outcome);
