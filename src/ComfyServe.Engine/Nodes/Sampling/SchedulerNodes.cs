using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>Nodes that choose the sigmas of a run.</summary>
[NodeFamily("comfy_extras.nodes_custom_sampler")]
internal static class SchedulerNodes
{
    private const string Category = "sampling/custom_sampling/schedulers";

    [Node("BasicScheduler", Category = Category)]
    public static Sigmas Basic(
        DiffusionModel model,
        [ChoicesFrom(nameof(Names))] string scheduler,
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double denoise) =>
        new(SamplingSigmas.Compute(Schedulers.Get(scheduler), model.Schedule, (int)steps, denoise));

    [Node("KarrasScheduler", Category = Category)]
    public static Sigmas Karras(
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 14.614642, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_max,
        [Input(Default = 0.0291675, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_min,
        [Input(Default = 7.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double rho) =>
        new(new KarrasScheduler(rho).Sigmas((int)steps, sigma_min, sigma_max));

    [Node("ExponentialScheduler", Category = Category)]
    public static Sigmas Exponential(
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 14.614642, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_max,
        [Input(Default = 0.0291675, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_min) =>
        new(ExponentialScheduler.Sigmas((int)steps, sigma_min, sigma_max));

    [Node("PolyexponentialScheduler", Category = Category)]
    public static Sigmas Polyexponential(
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 14.614642, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_max,
        [Input(Default = 0.0291675, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_min,
        [Input(Default = 1.0, Min = 0.0, Max = 100.0, Step = 0.01, Round = false)] double rho) =>
        new(PolyexponentialScheduler.Sigmas((int)steps, sigma_min, sigma_max, rho));

    [Node("LaplaceScheduler", Category = Category)]
    public static Sigmas Laplace(
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 14.614642, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_max,
        [Input(Default = 0.0291675, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double sigma_min,
        [Input(Default = 0.0, Min = -10.0, Max = 10.0, Step = 0.1, Round = false)] double mu,
        [Input(Default = 0.5, Min = 0.0, Max = 10.0, Step = 0.1, Round = false)] double beta) =>
        new(LaplaceScheduler.Sigmas((int)steps, sigma_min, sigma_max, mu, beta));

    [Node("SDTurboScheduler", Category = Category)]
    public static Sigmas Turbo(
        DiffusionModel model,
        [Input(Default = 1, Min = 1, Max = 10)] long steps,
        [Input(Default = 1.0, Min = 0, Max = 1.0, Step = 0.01)] double denoise) =>
        new(TurboScheduler.Sigmas(model.Schedule, (int)steps, denoise));

    [Node("BetaSamplingScheduler", Category = Category)]
    public static Sigmas Beta(
        DiffusionModel model,
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 0.6, Min = 0.0, Max = 50.0, Step = 0.01, Round = false)] double alpha,
        [Input(Default = 0.6, Min = 0.0, Max = 50.0, Step = 0.01, Round = false)] double beta) =>
        new(new BetaScheduler(Positive(alpha, nameof(alpha)), Positive(beta, nameof(beta))).Sigmas(model.Schedule, (int)steps));

    [Node("VPScheduler", Category = Category)]
    public static Sigmas VariancePreserving(
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 19.9, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double beta_d,
        [Input(Default = 0.1, Min = 0.0, Max = 5000.0, Step = 0.01, Round = false)] double beta_min,
        [Input(Default = 0.001, Min = 0.0, Max = 1.0, Step = 0.0001, Round = false)] double eps_s) =>
        new(VariancePreservingScheduler.Sigmas((int)steps, beta_d, beta_min, eps_s));

    [Node("AlignYourStepsScheduler", Category = Category, Module = "comfy_extras.nodes_align_your_steps", Schema = NodeSchema.V3)]
    public static Sigmas AlignYourSteps(
        [Choices("SD1", "SDXL", "SVD")] string model_type,
        [Input(Default = 10, Min = 1, Max = 10000)] long steps,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double denoise) =>
        new(AlignYourStepsScheduler.Sigmas(model_type, (int)steps, denoise));

    private static IReadOnlyList<string> Names() => Schedulers.Names;

    // The distribution has no quantiles at 0, which the widget allows.
    private static double Positive(double value, string name) => value > 0
        ? value
        : throw new ArgumentException($"'{name}' must be above 0", name);
}
