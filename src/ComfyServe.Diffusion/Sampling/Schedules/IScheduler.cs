namespace ComfyServe.Diffusion.Sampling.Schedules;

/// <summary>Chooses the sigmas that a sampler visits.</summary>
public interface IScheduler
{
    /// <summary>The sigmas in falling order, with a final 0.</summary>
    /// <param name="schedule">What the model was trained on.</param>
    /// <param name="steps">How many steps are asked for, at least 1; some schedulers give another count.</param>
    float[] Sigmas(DiscreteSchedule schedule, int steps);
}
