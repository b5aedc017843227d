using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>Encodes prompts with weights.</summary>
/// <remarks>
/// A weight moves a token's state along the line from the state that the empty prompt has at the same position:
/// z' = (z − z₀)·w + z₀. Chunks are encoded in one batch and joined along the tokens.
/// </remarks>
public static class PromptEncoder
{
    /// <summary>Encodes a prompt. The result belongs to the caller's dispose scope.</summary>
    /// <param name="encoder">The text encoder.</param>
    /// <param name="tokens">The prompt.</param>
    /// <param name="layer">See <see cref="ITextEncoder.Encode"/>.</param>
    /// <exception cref="ArgumentException">A vector's width is not the encoder's.</exception>
    public static TextEncoding Encode(ITextEncoder encoder, PromptTokens tokens, int layer = -1)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(tokens);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var count = tokens.Chunks.Count;
        var weighted = tokens.IsWeighted;
        var chunks = weighted ? [.. tokens.Chunks, .. PromptChunker.Chunk([])] : tokens.Chunks;

        var states = encoder.Encode(TokenIds(chunks), Vectors(chunks, encoder.EmbeddingWidth), layer);
        var hidden = states.Hidden.to(float32); // [n or n + 1, 77, C]
        if (weighted)
        {
            var empty = hidden[count..]; // [1, 77, C]
            var z = hidden[..count];
            var weights = Weights(tokens.Chunks); // [n, 77, 1]
            hidden = where(weights == 1, z, ((z - empty) * weights) + empty);
        }

        var joined = hidden.reshape(1, -1, hidden.shape[^1]); // [1, 77·n, C]
        var pooled = states.Pooled[..1].to(float32); // [1, C]
        return new TextEncoding(Keep(joined), Keep(pooled));
    }

    // A copy, so that a view does not keep the whole batch alive.
    private static Tensor Keep(Tensor tensor) => tensor.clone().MoveToOuterDisposeScope();

    private static Tensor TokenIds(IReadOnlyList<IReadOnlyList<PromptToken>> chunks)
    {
        var ids = chunks.SelectMany(chunk => chunk.Select(token => (long)token.Id)).ToArray();
        return tensor(ids, [chunks.Count, PromptChunker.ChunkLength], dtype: int64);
    }

    private static Tensor Weights(IReadOnlyList<IReadOnlyList<PromptToken>> chunks)
    {
        var weights = chunks.SelectMany(chunk => chunk.Select(token => (float)token.Weight)).ToArray();
        return tensor(weights, [chunks.Count, PromptChunker.ChunkLength, 1]);
    }

    private static List<TokenVector> Vectors(IReadOnlyList<IReadOnlyList<PromptToken>> chunks, int width)
    {
        var vectors = new List<TokenVector>();
        for (var chunk = 0; chunk < chunks.Count; chunk++)
        {
            for (var position = 0; position < PromptChunker.ChunkLength; position++)
            {
                if (chunks[chunk][position].Embedding is not { } row)
                {
                    continue;
                }

                if (row.Vectors.shape[1] != width)
                {
                    throw new ArgumentException(
                        $"an embedding has vectors of {row.Vectors.shape[1]} values but the text encoder takes {width}; it belongs to another kind of checkpoint",
                        nameof(chunks));
                }

                vectors.Add(new TokenVector(chunk, position, row.Vectors[row.Index].to(float32)));
            }
        }

        return vectors;
    }
}
