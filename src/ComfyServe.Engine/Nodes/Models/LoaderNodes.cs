using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Diffusion.Text;
using ComfyServe.Engine.Nodes.Schema;

[assembly: NodeTypeFor(typeof(DiffusionModel), "MODEL")]

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Nodes that load checkpoints.</summary>
internal static class LoaderNodes
{
    [Node(
        "CheckpointLoaderSimple",
        Display = "Load Checkpoint",
        Category = "loaders",
        Description = "Loads a checkpoint: the diffusion network, the text encoder and the autoencoder.")]
    [Outputs("MODEL", "CLIP", "VAE", Tooltips = ["The network that denoises latents.", "The network that encodes prompts.", "The network between images and latents."])]
    public static (DiffusionModel, TextEncoder?, Autoencoder?) LoadCheckpoint(
        [ModelFiles("checkpoints"), Input(Tooltip = "The file to load.")] string ckpt_name, NodeContext context)
    {
        var checkpoint = CheckpointFiles.Load(context, "checkpoints", ckpt_name, CheckpointParts.All);
        if (!checkpoint.Parts.HasFlag(CheckpointParts.Unet))
        {
            throw new NodeException(
                "RuntimeError",
                $"ERROR: Could not detect model type of: {checkpoint.Path}\nThe file has no diffusion network of the Stable Diffusion family ({checkpoint.Parts}).");
        }

        return (
            Model(checkpoint),
            checkpoint.Parts.HasFlag(CheckpointParts.TextEncoder) ? Encoder(checkpoint, context) : null,
            checkpoint.Parts.HasFlag(CheckpointParts.Vae) ? new Autoencoder(checkpoint.Vae) : null);
    }

    [Node("VAELoader", Display = "Load VAE", Category = "loaders")]
    public static Autoencoder LoadAutoencoder([ModelFiles("vae")] string vae_name, NodeContext context) =>
        new(CheckpointFiles.Load(context, "vae", vae_name, CheckpointParts.Vae).Vae);

    [Node("UNETLoader", Display = "Load Diffusion Model", Category = "advanced/loaders")]
    public static DiffusionModel LoadNetwork(
        [ModelFiles("diffusion_models")] string unet_name,
        [Choices("default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2")] string weight_dtype,
        NodeContext context) =>
        weight_dtype == "default"
            ? Model(CheckpointFiles.Load(context, "diffusion_models", unet_name, CheckpointParts.Unet))
            : throw new NodeException("RuntimeError", $"weights in '{weight_dtype}' are not supported; choose 'default'");

    [Node("CLIPLoader", Display = "Load CLIP", Category = "advanced/loaders", Description = "Loads the text encoder of Stable Diffusion 1: CLIP ViT-L.")]
    public static TextEncoder LoadEncoder(
        [ModelFiles("text_encoders")] string clip_name,
        [Choices(
            "stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart", "cosmos", "lumina2", "wan",
            "hidream", "chroma", "ace", "omnigen2", "qwen_image", "hunyuan_image")] string type,
        NodeContext context,
        [Choices("default", "cpu"), Input(Advanced = true)] string device = "default") =>
        type == "stable_diffusion"
            ? Encoder(CheckpointFiles.Load(context, "text_encoders", clip_name, CheckpointParts.TextEncoder), context)
            : throw new NodeException("RuntimeError", $"text encoders for '{type}' are not supported; choose 'stable_diffusion'");

    private static DiffusionModel Model(Checkpoint checkpoint) => new(checkpoint.Unet, DiscreteSchedule.StableDiffusion);

    private static TextEncoder Encoder(Checkpoint checkpoint, NodeContext context)
    {
        var embeddings = new EmbeddingFiles(context.Folders, context.Models);
        return new TextEncoder(checkpoint.TextEncoder, new PromptTokenizer(ClipTokenizer.Default, embeddings.Find));
    }
}
