using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Models;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

[assembly: NodeTypeFor(typeof(ControlNet), "CONTROL_NET")]

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Nodes that let an image steer the network.</summary>
internal static class ControlNodes
{
    private const string Category = "conditioning/controlnet";

    [Node("ControlNetLoader", Display = "Load ControlNet Model", Category = "loaders")]
    public static ControlNet Load([ModelFiles("controlnet")] string control_net_name, NodeContext context)
    {
        var path = CheckpointFiles.Find(context, "controlnet", control_net_name);
        var (models, format) = (context.Models, context.Models.Format);
        try
        {
            return models.GetOrLoad(
                $"{CheckpointFiles.Identity(path)} ControlNet {format}", () => ControlNet.Load(path, format, models.Verdicts), CheckpointFiles.SizeOf(path, format));
        }
        catch (CheckpointException e)
        {
            throw new NodeException("RuntimeError", $"ERROR: controlnet file is invalid and does not contain a valid controlnet model.\n{e.Message}", e);
        }
    }

    [Node("ControlNetApply", Display = "Apply ControlNet (OLD)", Category = Category, Deprecated = true)]
    public static Conditioning Apply(
        Conditioning conditioning,
        ControlNet control_net,
        ImageBatch image,
        [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01)] double strength)
    {
        var control = new Control(control_net, Hint(image)) { Strength = strength };
        return strength == 0 ? conditioning : conditioning.Map(entry => entry with { Controls = [.. entry.Controls, control], ControlsBoth = true });
    }

    [Node("ControlNetApplyAdvanced", Display = "Apply ControlNet", Category = Category)]
    [Outputs("positive", "negative")]
    public static (Conditioning, Conditioning) ApplyToBoth(
        Conditioning positive,
        Conditioning negative,
        ControlNet control_net,
        ImageBatch image,
        [Input(Default = 1.0, Min = 0.0, Max = 10.0, Step = 0.01)] double strength,
        [Input(Default = 0.0, Min = 0.0, Max = 1.0, Step = 0.001)] double start_percent,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.001)] double end_percent,
        Autoencoder? vae = null)
    {
        if (strength == 0)
        {
            return (positive, negative);
        }

        // One control for both, so that both go through the networks as one batch.
        var control = new Control(control_net, Hint(image)) { Strength = strength, StartPercent = start_percent, EndPercent = end_percent };
        ConditioningEntry Steered(ConditioningEntry entry) => entry with { Controls = [.. entry.Controls, control], ControlsBoth = false };
        return (positive.Map(Steered), negative.Map(Steered));
    }

    /// <summary>[N, H, W, C] → [N, 3, H, W].</summary>
    private static TorchSharp.torch.Tensor Hint(ImageBatch image) => image.Tensor.narrow(3, 0, ControlNet.HintChannels).permute(0, 3, 1, 2);
}
