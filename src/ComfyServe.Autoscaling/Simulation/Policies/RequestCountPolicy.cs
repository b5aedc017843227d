namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>RunPod's request count: requests in the queue and in work ÷ 4; a worker stops after 5 s without work.</summary>
public sealed class RequestCountPolicy : CountPolicy
{
    private const double PerWorker = 4;

    /// <inheritdoc/>
    public override string Name => "RunPod request count";

    /// <inheritdoc/>
    protected override double LeastIdle => 5;

    /// <inheritdoc/>
    protected override int Wanted(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return (int)Math.Ceiling((view.Queued + view.Working) / PerWorker);
    }
}
