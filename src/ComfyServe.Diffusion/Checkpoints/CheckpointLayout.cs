namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Finds the networks in a file by the prefixes of its keys: whole checkpoints and files that hold one network.</summary>
internal static class CheckpointLayout
{
    private static readonly string[] UnetPrefixes = ["model.diffusion_model.", "model.model.", "net."];
    private static readonly string[] TextPrefixes = ["cond_stage_model.transformer.", "text_encoders.clip_l.transformer.", ""];
    private static readonly string[] VaePrefixes = ["first_stage_model.", "vae.", ""];

    /// <summary>The weights of the UNet, or null where there is none.</summary>
    public static WeightMap? FindUnet(WeightMap root)
    {
        // As ComfyUI: the prefix with most keys, if more than five, wins.
        var best = UnetPrefixes.MaxBy(p => root.Model(p).Names.Count())!;
        string[] candidates = root.Model(best).Names.Skip(5).Any() ? [best, "model.", ""] : ["model.", ""];
        return candidates.Select(root.Model).FirstOrDefault(m => m.Contains("input_blocks.0.0.weight"));
    }

    /// <summary>The weights of the text encoder, whose names start with <c>text_model.</c> or (in old files) with what follows it; null where there is none.</summary>
    public static WeightMap? FindTextEncoder(WeightMap root) =>
        TextPrefixes.Select(root.Model).FirstOrDefault(m =>
            m.Contains("text_model.embeddings.token_embedding.weight") || m.Contains("embeddings.token_embedding.weight"));

    /// <summary>The weights of the autoencoder, or null where there is none.</summary>
    public static WeightMap? FindVae(WeightMap root) =>
        VaePrefixes.Select(root.Model).FirstOrDefault(m => m.Contains("decoder.conv_in.weight"));
}
