using System.Globalization;
using ComfyServe.Diffusion.Checkpoints;

namespace ComfyServe.Diffusion.Models;

/// <summary>Sizes of a CLIP text encoder. The defaults are ViT-L/14, the encoder of Stable Diffusion 1.5.</summary>
public sealed record ClipTextConfig
{
    /// <summary>Key of a checkpoint's metadata that gives the number of heads, where it is not width ÷ 64.</summary>
    public const string HeadsKey = "comfyserve.clip_heads";

    /// <summary>Key of a checkpoint's metadata that gives the activation, <c>quick_gelu</c> or <c>gelu</c>.</summary>
    public const string ActivationKey = "comfyserve.clip_hidden_act";

    /// <summary>Key of a checkpoint's metadata that gives the end token, where it is not the last of the vocabulary.</summary>
    public const string EndTokenKey = "comfyserve.clip_eos_token_id";

    /// <summary>Number of tokens known.</summary>
    public long Vocabulary { get; init; } = 49_408;

    /// <summary>Longest sequence: number of learned positions.</summary>
    public long Positions { get; init; } = 77;

    /// <summary>Width of a token's state.</summary>
    public long Width { get; init; } = 768;

    /// <summary>Number of transformer layers.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads per layer.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Width inside the feed-forward layers.</summary>
    public long FeedForward { get; init; } = 3072;

    /// <summary>Whether the feed-forward layers use x·σ(1.702x) (OpenAI's CLIP) instead of the exact GELU.</summary>
    public bool QuickGelu { get; init; } = true;

    /// <summary>The token whose first position gives the pooled state.</summary>
    public long EndToken { get; init; } = 49_407;

    /// <summary>Width of the projected pooled state; 0 where there is no projection, as in Stable Diffusion 1.5.</summary>
    public long Projection { get; init; }

    /// <summary>Reads the sizes from the shapes of weights, and what shapes cannot tell from metadata.</summary>
    /// <param name="weights">Names start with <c>text_model.</c>.</param>
    /// <param name="metadata">The checkpoint's strings; see the keys above.</param>
    /// <exception cref="CheckpointException">There is no text encoder at this place.</exception>
    public static ClipTextConfig Infer(WeightMap weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var text = TextOf(weights);
        if (text.ShapeOf("embeddings.token_embedding.weight") is not [var vocabulary, var width]
            || text.ShapeOf("embeddings.position_embedding.weight") is not [var positions, _])
        {
            throw new CheckpointException("there is no CLIP text encoder in the checkpoint: 'text_model.embeddings.token_embedding.weight' or the position embedding is missing");
        }

        var layers = 0;
        while (text.Contains($"encoder.layers.{layers}.layer_norm1.weight"))
        {
            layers++;
        }

        var feedForward = text.ShapeOf("encoder.layers.0.mlp.fc1.weight") is [var inner, _] ? inner : 4 * width;
        var projection = weights.ShapeOf("text_projection.weight") is [var projected, _] ? projected : 0;
        return new ClipTextConfig
        {
            Vocabulary = vocabulary,
            Positions = positions,
            Width = width,
            Layers = layers,
            Heads = (int)Number(metadata, HeadsKey, Math.Max(1, width / 64)),
            FeedForward = feedForward,
            QuickGelu = metadata is null || !metadata.TryGetValue(ActivationKey, out var activation) || activation != "gelu",
            EndToken = Number(metadata, EndTokenKey, vocabulary - 1),
            Projection = projection,
        };
    }

    /// <summary>Old checkpoints lack the <c>text_model.</c> in their names.</summary>
    internal static WeightMap TextOf(WeightMap weights) =>
        weights.Contains("embeddings.token_embedding.weight") ? weights : weights["text_model"];

    private static long Number(IReadOnlyDictionary<string, string>? metadata, string key, long otherwise)
    {
        if (metadata is null || !metadata.TryGetValue(key, out var text))
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CheckpointException($"the checkpoint's metadata has '{key}' = '{text}', which is not a whole number");
    }
}
