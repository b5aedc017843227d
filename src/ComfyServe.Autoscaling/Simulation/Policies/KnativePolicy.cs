namespace ComfyServe.Autoscaling.Simulation.Policies;

/// <summary>
/// Knative's autoscaler with its defaults and one request a container: average concurrency over 60 s ÷ 0.7; above twice
/// what the ready ones can take (average over 6 s) it panics: only upwards, until 60 s after. At most halving each 2 s.
/// </summary>
public sealed class KnativePolicy : CountPolicy
{
    private const double Target = 0.7;
    private readonly Queue<(double At, double Concurrency)> _samples = new();
    private double _panicUntil = double.NegativeInfinity;
    private int _panicWanted;
    private int _wanted = 1;

    /// <inheritdoc/>
    public override string Name => "Knative";

    /// <inheritdoc/>
    protected override int Wanted(SimulationView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        _samples.Enqueue((view.Now, view.Queued + view.Working));
        while (_samples.Peek().At <= view.Now - 60)
        {
            _samples.Dequeue();
        }

        if ((long)Math.Round(view.Now) % 2 != 0)
        {
            return _wanted;
        }

        var ready = Math.Max(1, view.Workers.Count(w => w.Phase == WorkerPhase.Idle));
        var stable = (int)Math.Ceiling(_samples.Average(s => s.Concurrency) / Target);
        var panic = (int)Math.Ceiling(_samples.Where(s => s.At > view.Now - 6).Average(s => s.Concurrency) / Target);
        stable = Math.Max(stable, ready / 2);
        if (panic >= 2 * ready)
        {
            _panicUntil = view.Now + 60;
        }

        if (view.Now > _panicUntil)
        {
            _panicWanted = 0;
            return _wanted = stable;
        }

        _panicWanted = Math.Max(_panicWanted, Math.Max(stable, panic));
        return _wanted = Math.Max(_panicWanted, ready);
    }
}
