using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>A mask whose cells open one after the other, the brightest first, as the timestep falls. Levin and Fried 2023,
/// "Differential diffusion: giving each pixel its strength".</summary>
/// <param name="schedule">What the model was trained on.</param>
/// <param name="sigmas">The run's; the threshold falls from 1 to 0 between the first and the last.</param>
/// <param name="strength">1 for open or closed, less to blend with the mask itself; above 0.</param>
internal sealed class OpeningMask(DiscreteSchedule schedule, IReadOnlyList<float> sigmas, double strength)
{
    private readonly int _from = schedule.TimestepOf(sigmas[0]);
    private readonly int _to = schedule.TimestepOf(Math.Max(sigmas[^1], schedule.SigmaMin));

    /// <summary>The mask at a noise level, of the shape of <paramref name="mask"/>.</summary>
    public Tensor At(Tensor mask, double sigma)
    {
        var threshold = _from == _to ? 0 : (double)(schedule.TimestepOf(sigma) - _to) / (_from - _to);
        var open = mask.ge(threshold).to(mask.dtype);
        return strength < 1 ? (open * strength) + (mask * (1 - strength)) : open;
    }
}
