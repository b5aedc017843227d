namespace ComfyServe.Diffusion.Text;

/// <summary>A prompt as chunks of 77 tokens.</summary>
/// <param name="Chunks">At least one chunk; each has <see cref="PromptChunker.ChunkLength"/> tokens.</param>
/// <param name="MissingEmbeddings">Names after <c>embedding:</c> that nothing was found for; they are left out.</param>
public sealed record PromptTokens(
    IReadOnlyList<IReadOnlyList<PromptToken>> Chunks,
    IReadOnlyList<string> MissingEmbeddings)
{
    /// <summary>True when some weight differs from 1.</summary>
    public bool IsWeighted => Chunks.Any(chunk => chunk.Any(token => token.Weight != 1));
}
