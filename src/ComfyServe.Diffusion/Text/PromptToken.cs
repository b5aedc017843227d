namespace ComfyServe.Diffusion.Text;

/// <summary>One position of a chunk.</summary>
/// <param name="Id">The vocabulary id; meaningless (0) where <paramref name="Embedding"/> stands in.</param>
/// <param name="Weight">How strongly the position counts against the empty prompt; 1 is neutral.</param>
/// <param name="Group">The 1-based number of the segment or embedding it came from; 0 for start, end and padding.</param>
/// <param name="Embedding">The vector that takes the place of the token's own, if any.</param>
public readonly record struct PromptToken(int Id, double Weight, int Group, EmbeddingRow? Embedding = null);
