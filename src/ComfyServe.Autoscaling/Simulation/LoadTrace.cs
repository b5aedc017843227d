namespace ComfyServe.Autoscaling.Simulation;

/// <summary>Requests over time, and losses of workers.</summary>
/// <param name="Name">For tables.</param>
/// <param name="Duration">Seconds.</param>
/// <param name="Arrivals">When requests arrive, in seconds, ascending.</param>
/// <param name="Losses">When and which share of the running workers vanishes.</param>
public sealed record LoadTrace(string Name, double Duration, IReadOnlyList<double> Arrivals, IReadOnlyList<WorkerLoss> Losses);
