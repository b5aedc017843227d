namespace ComfyServe.Provisioning.Running;

/// <summary>One wish and what became of it.</summary>
/// <param name="Phase">What kind: files, apt, nodes, pip, models, workflows, commands, scripts.</param>
/// <param name="Name">Which.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Message">Details; for a failure what, which and what next.</param>
public sealed record StepResult(string Phase, string Name, StepOutcome Outcome, string? Message = null);
