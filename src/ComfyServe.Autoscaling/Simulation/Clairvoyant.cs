namespace ComfyServe.Autoscaling.Simulation;

/// <summary>
/// The least that a scaler which knows all arrivals would pay so that no request waits: worker number k runs when k or more
/// requests are in work; between two such stretches it stays on or is started again, whichever is cheaper.
/// </summary>
public static class Clairvoyant
{
    /// <summary>Worker-seconds.</summary>
    public static double WorkerSeconds(LoadTrace trace, SimulatedFleet fleet)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(fleet);
        var freeAt = new List<double>();
        var seconds = 0.0;
        foreach (var arrival in trace.Arrivals)
        {
            // The lowest-numbered worker that is free takes it, so that the higher ones rest for long.
            var level = freeAt.FindIndex(t => t <= arrival);
            if (level < 0)
            {
                level = freeAt.Count;
                freeAt.Add(arrival);
                seconds += fleet.StartTime;
            }
            else
            {
                seconds += Math.Min(arrival - freeAt[level], fleet.StartTime);
            }

            seconds += fleet.ServiceTime;
            freeAt[level] = arrival + fleet.ServiceTime;
        }

        return seconds;
    }
}
