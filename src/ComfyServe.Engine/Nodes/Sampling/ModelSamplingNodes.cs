using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>Nodes that change how a model is sampled; its weights stay as they are.</summary>
[NodeFamily("comfy_extras.nodes_model_advanced")]
internal static class ModelSamplingNodes
{
    private const string Category = "advanced/model";

    // Of its 1,000 timesteps a consistency model was distilled on 50.
    private const int DistilledStride = 20;

    [Node("ModelSamplingDiscrete", Category = Category)]
    public static DiffusionModel Discrete(
        DiffusionModel model, [Choices("eps", "v_prediction", "lcm", "x0", "img_to_img")] string sampling, [Input(Default = false)] bool zsnr)
    {
        var schedule = zsnr ? DiscreteSchedule.ZeroTerminalSignal : DiscreteSchedule.StableDiffusion;
        return sampling switch
        {
            "eps" => model with { Prediction = Prediction.Noise, Schedule = schedule },
            "v_prediction" => model with { Prediction = Prediction.Velocity, Schedule = schedule },
            "x0" => model with { Prediction = Prediction.Clean, Schedule = schedule },
            "lcm" => model with { Prediction = Prediction.Consistency, Schedule = schedule.Every(DistilledStride) },
            _ => throw new NodeException("NotImplementedError", $"sampling '{sampling}' is not built; known are eps, v_prediction, lcm and x0"),
        };
    }

    [Node("RescaleCFG", Category = Category)]
    public static DiffusionModel RescaleGuidance(
        DiffusionModel model, [Input(Default = 0.7, Min = 0.0, Max = 1.0, Step = 0.01)] double multiplier) =>
        model with { GuidanceRescale = multiplier };

    [Node(
        "DifferentialDiffusion",
        Display = "Differential Diffusion",
        Category = "_for_testing",
        Experimental = true,
        Module = "comfy_extras.nodes_differential_diffusion",
        Schema = NodeSchema.V3)]
    public static DiffusionModel Differential(
        DiffusionModel model, [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01)] double strength = 1) =>
        model with { DifferentialMask = strength };
}
