namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>The code that scales real endpoints: <see cref="Autoscaler"/>.</summary>
public sealed class OurPolicy(ScalingParameters parameters, ScalingHabits habits) : IScalingPolicy
{
    private readonly Autoscaler _autoscaler = new(habits);

    /// <inheritdoc/>
    public string Name => "ComfyServe";

    /// <inheritdoc/>
    public IReadOnlyList<ScaleAction> Decide(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        var demand = DemandSnapshot.Of(view.Arrivals, habits, view.Fleet.Cost, view.Fleet.ServiceTime, view.Now);
        return _autoscaler.Decide(new FleetSnapshot
        {
            Parameters = parameters,
            Demand = demand with
            {
                Queued = view.Queued * view.Fleet.Cost,
                QueuedRequests = view.Queued,
                WorkingRequests = view.Working,
                Idle = view.Idle,
            },
            Workers = view.Workers,
            RecruitTime = view.Fleet.RecruitTime,
            StartTime = view.Fleet.StartTime,
            Groups = [new GroupSnapshot { Id = 1, Room = view.Fleet.MaxWorkers - view.Workers.Count }],
        }).Actions;
    }
}
