namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>
/// KEDA's defaults over a horizontal pod autoscaler: requests in the queue and in work ÷ 5 (the queue scalers' default),
/// looked at each 15 s, tolerance 10 %, upwards at most doubling or four more, downwards the highest of the last 300 s.
/// </summary>
public sealed class KedaPolicy : CountPolicy
{
    private const double PerWorker = 5;
    private readonly Queue<(double At, int Wanted)> _recent = new();
    private int _wanted = 1;

    /// <inheritdoc/>
    public override string Name => "KEDA";

    /// <inheritdoc/>
    protected override int Wanted(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        if ((long)Math.Round(view.Now) % 15 != 0)
        {
            return _wanted;
        }

        var load = (view.Queued + view.Working) / PerWorker;
        var wanted = Math.Abs((load / _wanted) - 1) <= 0.1 ? _wanted : Math.Max(1, (int)Math.Ceiling(load));
        _recent.Enqueue((view.Now, wanted));
        while (_recent.Peek().At < view.Now - 300)
        {
            _recent.Dequeue();
        }

        return _wanted = wanted > _wanted
            ? Math.Min(wanted, Math.Max(2 * _wanted, _wanted + 4))
            : Math.Min(_wanted, _recent.Max(r => r.Wanted));
    }
}
