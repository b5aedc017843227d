namespace ComfyServe.Autoscaling.Simulation;

/// <summary>A way to scale, asked once a second of virtual time.</summary>
public interface IScalingPolicy
{
    /// <summary>For tables.</summary>
    string Name { get; }

    /// <summary>What to do now.</summary>
    IReadOnlyList<ScaleAction> Decide(SimulationView view);
}
