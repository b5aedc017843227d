namespace ComfyServe.Autoscaling.Simulation;

/// <summary>A part of the running workers vanishes at once, as when a provider takes its machines back.</summary>
/// <param name="At">When, in seconds.</param>
/// <param name="Share">Which share of them, 0 to 1.</param>
public sealed record WorkerLoss(double At, double Share);
