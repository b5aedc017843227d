using System.Globalization;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Training.Data;
using static TorchSharp.torch;

namespace ComfyServe.Training.Models;

/// <summary>Writes the trained networks as one checkpoint in Stable Diffusion 1.5's layout, fp16.</summary>
internal static class StarterCheckpoint
{
    /// <summary>Prefix of the UNet's names.</summary>
    public const string UnetPrefix = "model.diffusion_model.";

    /// <summary>Prefix of the text encoder's names.</summary>
    public const string TextPrefix = "cond_stage_model.transformer.";

    /// <summary>Prefix of the autoencoder's names.</summary>
    public const string VaePrefix = "first_stage_model.";

    private const string TokenEmbedding = TextPrefix + "text_model.embeddings.token_embedding.weight";
    private const long ClipVocabulary = 49_408;

    /// <summary>Writes all weights; the token embedding is spread over CLIP's whole vocabulary.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> denoiser, IReadOnlyDictionary<string, Tensor> autoencoder, CaptionVocabulary vocabulary)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var tensors = denoiser.Concat(autoencoder).ToDictionary(t => t.Key, t => t.Value);
        var numbers = tensor(vocabulary.Expand(ClipVocabulary));
        tensors[TokenEmbedding] = tensors[TokenEmbedding].index_select(0, numbers); // [49408, width]
        WriteHalf(path, tensors);
    }

    /// <summary>Writes a checkpoint again with other weights of the autoencoder.</summary>
    public static void ReplaceAutoencoder(string path, IReadOnlyDictionary<string, Tensor> autoencoder)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors;
        using (var file = SafetensorsFile.Open(path))
        {
            tensors = file.Entries.ToDictionary(e => e.Name, e => autoencoder.TryGetValue(e.Name, out var other) ? other : file.Read(e.Name));
        }

        WriteHalf(path, tensors);
    }

    private static void WriteHalf(string path, Dictionary<string, Tensor> tensors)
    {
        foreach (var name in tensors.Keys.ToList())
        {
            tensors[name] = tensors[name].detach().to(ScalarType.Float16);
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>
        {
            [UnetConfig.HeadsKey] = StarterSizes.Heads.ToString(CultureInfo.InvariantCulture),
            [UnetConfig.NormGroupsKey] = StarterSizes.NormGroups.ToString(CultureInfo.InvariantCulture),
            [ClipTextConfig.HeadsKey] = StarterSizes.Heads.ToString(CultureInfo.InvariantCulture),
            ["title"] = "ComfyServe starter",
            ["license"] = "CC0-1.0",
        });
    }
}
