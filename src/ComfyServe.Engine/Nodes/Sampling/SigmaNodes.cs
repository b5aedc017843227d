using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>Nodes that change lists of sigmas.</summary>
[NodeFamily("comfy_extras.nodes_custom_sampler")]
internal static class SigmaNodes
{
    private const string Category = "sampling/custom_sampling/sigmas";

    [Node("SplitSigmas", Category = Category)]
    [Outputs("high_sigmas", "low_sigmas")]
    public static (Sigmas, Sigmas) Split(Sigmas sigmas, [Input(Default = 0, Min = 0, Max = 10000)] long step)
    {
        var (high, low) = SigmaLists.Split(sigmas.Values, (int)step);
        return (new(high), new(low));
    }

    [Node("SplitSigmasDenoise", Category = Category)]
    [Outputs("high_sigmas", "low_sigmas")]
    public static (Sigmas, Sigmas) SplitByDenoise(Sigmas sigmas, [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double denoise)
    {
        var (high, low) = SigmaLists.SplitByShare(sigmas.Values, denoise);
        return (new(high), new(low));
    }

    [Node("FlipSigmas", Category = Category)]
    public static Sigmas Flip(Sigmas sigmas) => new(SigmaLists.Flip(sigmas.Values));

    [Node("SetFirstSigma", Category = Category)]
    public static Sigmas SetFirst(Sigmas sigmas, [Input(Default = 136.0, Min = 0.0, Max = 20000.0, Step = 0.001, Round = false)] double sigma) =>
        new(SigmaLists.WithFirst(sigmas.Values, sigma));

    [Node("ExtendIntermediateSigmas", Category = Category)]
    public static Sigmas Extend(
        Sigmas sigmas,
        [Input(Default = 2, Min = 1, Max = 100)] long steps,
        [Input(Default = -1.0, Min = -1.0, Max = 20000.0, Step = 0.01, Round = false)] double start_at_sigma,
        [Input(Default = 12.0, Min = 0.0, Max = 20000.0, Step = 0.01, Round = false)] double end_at_sigma,
        [Choices("linear", "cosine", "sine")] string spacing,
        NodeContext context)
    {
        context.Limits.CheckList(sigmas.Values.Count * steps);
        return new(SigmaLists.Extend(sigmas.Values, (int)steps, start_at_sigma, end_at_sigma, spacing switch
        {
            "cosine" => static share => Math.Sin(share * Math.PI / 2),
            "sine" => static share => 1 - Math.Cos(share * Math.PI / 2),
            _ => static share => share,
        }));
    }

    [Node("SamplingPercentToSigma", Category = Category)]
    [Outputs("sigma_value")]
    public static double OfPercent(
        [Input] DiffusionModel model,
        [Input(Default = 0.0, Min = 0.0, Max = 1.0, Step = 0.0001)] double sampling_percent,
        [Input(Default = false, Tooltip = "The model's own extremes in place of the values that stand for them.")] bool return_actual_sigma) =>
        (return_actual_sigma, sampling_percent) switch
        {
            (true, 0) => model.Schedule.SigmaMax,
            (true, 1) => model.Schedule.SigmaMin,
            _ => model.Schedule.PercentToSigma(sampling_percent),
        };
}
