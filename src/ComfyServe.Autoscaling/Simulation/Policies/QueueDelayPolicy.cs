namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>RunPod's queue delay: one more worker each time that a request has waited for 4 s; a worker stops after 5 s without work.</summary>
public sealed class QueueDelayPolicy : CountPolicy
{
    private const double Delay = 4;
    private double _lastUp = double.NegativeInfinity;
    private int _wanted = 1;

    /// <inheritdoc/>
    public override string Name => "RunPod queue delay";

    /// <inheritdoc/>
    protected override double LeastIdle => 5;

    /// <inheritdoc/>
    protected override int Wanted(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        var timedOut = view.IdleWorkers.Count(w => w.Value >= LeastIdle);
        _wanted = Math.Max(1, view.Running - timedOut);
        if (view.OldestWait > Delay && view.Now - _lastUp >= Delay)
        {
            _lastUp = view.Now;
            _wanted = view.Running + 1;
        }

        return _wanted;
    }
}
