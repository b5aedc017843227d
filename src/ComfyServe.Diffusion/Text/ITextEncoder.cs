using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>A transformer that turns chunks of tokens into states.</summary>
public interface ITextEncoder
{
    /// <summary>Width C of the token embeddings, which textual inversion vectors must have.</summary>
    int EmbeddingWidth { get; }

    /// <summary>Encodes all chunks in one batch.</summary>
    /// <param name="tokenIds">Int64, [B, 77].</param>
    /// <param name="vectors">Embeddings to put in the place of tokens' own.</param>
    /// <param name="layer">Which layer's states, counted from the end: −1 the last, −2 the one before ("clip skip 2").</param>
    /// <returns>States [B, 77, C] in float32 after the final layer norm, and pooled states [B, C].</returns>
    TextStates Encode(Tensor tokenIds, IReadOnlyList<TokenVector> vectors, int layer);
}
